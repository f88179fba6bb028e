/** Start the page. */

import { render } from "preact";
import * as api from "./server/api";
import { watchSlices } from "./state/asking";
import { watchWork } from "./state/opening";
import { onceBack, trying } from "./state/patience";
import { restore, saveAlways } from "./state/session";
import { keepSmall } from "./state/small";
import { current, examples, isOffline, model, theme } from "./state/store";
import { keepWorklist, restoreWorklist } from "./state/worklist_kept";
import { App } from "./view/app";
import "./style.css";

async function begin(): Promise<void> {
  await trying(async () => {
    [model.value, examples.value] = await Promise.all([api.model(), api.examples()]);
  }, null);
  if (!model.value && isOffline.value) onceBack(() => void begin());
}

if (!restore() && matchMedia("(prefers-color-scheme: light)").matches) theme.value = "light";
restoreWorklist();
saveAlways();
keepWorklist();
keepSmall();
watchWork();
watchSlices();
render(<App onKeyGiven={() => void begin().then(again)} />, document.body);
void begin();

/** What waited for the key. */
function again(): void {
  const opened = current.value;
  if (opened) opened.info.value = { ...opened.info.value };
}
