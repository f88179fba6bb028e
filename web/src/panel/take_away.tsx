/** Take what is drawn away as files. */

import { useSignal } from "@preact/signals";
import type { ExportFormat } from "../server/contract";
import { lostSlices } from "../state/all_slices";
import type { Layer } from "../state/layer";
import { many } from "../state/many";
import { currentSlices, sentenceLayer } from "../state/meaning";
import type { Opened } from "../state/opened";
import { exportAs } from "../state/saving";
import { isListOpen } from "../state/store";
import { hindrance, isOfOneSlice, numToAsk, type Taking, takingOf } from "../state/taking";
import { worklist } from "../state/worklist";
import { Check } from "../view/check";
import { FormatLabel } from "../view/format_label";

const FORMATS: readonly [ExportFormat, string, string][] = [
  ["png", "PNG", "one mask a file"],
  ["nifti", "NIfTI", "with geometry"],
  ["dicom-seg", "DICOM SEG", "for a PACS"],
  ["coco", "COCO", "for annotation tools"],
  ["zip", "Session", "all of it, as a ZIP"],
  ["dataset", "Data set", "to train on"],
];

export function TakeAwayCard({ opened }: { opened: Opened }) {
  const isDeidentified = useSignal(false);
  const busy = useSignal<ExportFormat | null>(null);
  const taking = takingOf(opened);
  const problem = hindrance(taking);
  const formats = FORMATS.map(([format, name, about]) => ({
    format,
    name,
    about: holds(opened, format, isDeidentified.value) ?? about,
    refusal: refusalOf(opened, format) ?? hindrance(takingOf(opened, format)),
  }));
  const canKeepAll = formats.some((one) => one.format === "zip" && one.refusal === null);
  const take = async (format: ExportFormat) => {
    if (busy.value !== null) return;
    busy.value = format;
    await exportAs(opened, format, isDeidentified.value);
    busy.value = null;
  };
  return (
    <section class="card" aria-labelledby="take-title">
      <h2 id="take-title">Take away</h2>
      <p class="hint" id="take-hint">
        {problem ?? aboutOf(opened, taking)}
        {problem && canKeepAll && " A session keeps all of it as it is."}
      </p>
      <div class="formats">
        {formats.map(({ format, name, about, refusal }) => (
          <button
            key={format}
            type="button"
            disabled={refusal !== null}
            aria-disabled={busy.value !== null} // a disabled button would lose the focus
            title={refusal ?? ""}
            aria-busy={busy.value === format}
            onClick={() => void take(format)}
          >
            <FormatLabel name={name} about={about} />
          </button>
        ))}
      </div>
      <Check isOn={isDeidentified}>
        Leave out what may tell the patient: names, dates, the picture itself. Sentences stay as you
        wrote them.
      </Check>
      {worklist.value.length > 1 && (
        <button
          type="button"
          class="wide"
          onClick={() => {
            isListOpen.value = true;
          }}
        >
          All {worklist.value.length} pictures in one file …
        </button>
      )}
    </section>
  );
}

/** Why this picture cannot be saved so; null where it can. */
function refusalOf(opened: Opened, format: ExportFormat): string | null {
  const isRefused = format === "dicom-seg" && opened.info.value.is_dicom === false;
  return isRefused ? "Only where the picture is DICOM itself" : null;
}

/** What a format holds, where that is not what one expects. */
function holds(opened: Opened, format: ExportFormat, isDeidentified: boolean): string | null {
  if (isOfOneSlice(opened, format)) return `slice ${opened.slice.value + 1} only`;
  // One can train on nothing else; names and dates are not in it.
  return format === "dataset" && isDeidentified ? "has the pixels still" : null;
}

function aboutOf(opened: Opened, { layers, nameless }: Taking): string {
  const saved =
    layers.length === 1
      ? "The visible layer is saved."
      : `The ${layers.length} visible layers are saved.`;
  const left = nameless.length ? " What has no sentence is not." : "";
  if (!opened.isVolume) return saved + left;
  const all = opened.info.value.slices;
  const drawn = Math.min(...layers.map((one) => slicesDrawn(opened, one)));
  const some =
    drawn < all ? ` Of ${all} slices ${drawn} are drawn: the others are saved as empty.` : "";
  const toAsk = Math.max(...layers.map((one) => numToAsk(opened, one)));
  const again =
    toAsk > 0 ? ` The answers to ${many(toAsk, "slice")} are not here: saving asks again.` : "";
  return saved + left + some + again;
}

/** Of a correction, those of the answer too. */
function slicesDrawn(opened: Opened, layer: Layer): number {
  const answered = currentSlices(opened, sentenceLayer(opened, layer));
  const lost = lostSlices(sentenceLayer(opened, layer));
  return new Set([...currentSlices(opened, layer), ...answered, ...lost]).size;
}
