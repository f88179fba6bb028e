/** The top line: which pictures are open, and what concerns the whole page. */

import { isHelpOpen, theme, uploading } from "../state/store";
import { worklist } from "../state/worklist";
import { IconButton } from "./icon";
import { OpenButtons } from "./start";
import { Pictures } from "./worklist";

export function toggleTheme(): void {
  theme.value = theme.value === "dark" ? "light" : "dark";
}

export function Header() {
  const hasPicture = worklist.value.length > 0;
  return (
    <header>
      <a class="name" href="." aria-label="lingseg" onClick={(event) => event.preventDefault()}>
        <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true">
          <path class="mark-film" d="M4 4h24v24H4z" />
          <path class="mark-mask" d="M11 20c-2-5 1-10 6-10s7 4 6 8-6 7-9 6-2-2-3-4z" />
        </svg>
        <span>lingseg</span>
      </a>
      <Pictures />
      <span class="gap" />
      {hasPicture && uploading.value && <span class="busy" title={uploading.value} />}
      {hasPicture && <OpenButtons isSmall />}
      <IconButton
        icon={theme.value === "dark" ? "sun" : "moon"}
        label={theme.value === "dark" ? "Light theme" : "Dark theme"}
        hint="T"
        onClick={toggleTheme}
      />
      <IconButton
        icon="help"
        label="Keys and help"
        hint="?"
        onClick={() => {
          isHelpOpen.value = true;
        }}
      />
    </header>
  );
}
