/** Start the page. */

import { render } from "preact";
import * as api from "./server/api";
import { watchSlices } from "./state/asking";
import { onceBack, trying } from "./state/patience";
import { restore, saveAlways } from "./state/session";
import { current, examples, isOffline, model, theme } from "./state/store";
import { App } from "./view/app";
import "./style.css";

async function begin(): Promise<void> {
  await trying(async () => {
    [model.value, examples.value] = await Promise.all([api.model(), api.examples()]);
  });
  if (!model.value && isOffline.value) onceBack(() => void begin());
}

if (!restore() && matchMedia("(prefers-color-scheme: light)").matches) theme.value = "light";
saveAlways();
watchSlices();
render(<App onKeyGiven={() => void begin().then(again)} />, document.body);
void begin();

/** What waited for the key. */
function again(): void {
  const opened = current.value;
  if (opened) opened.info.value = { ...opened.info.value };
}
