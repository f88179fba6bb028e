/** Take what is drawn away as files. */

import { useSignal } from "@preact/signals";
import type { ExportFormat } from "../server/contract";
import { exportAs, takeable } from "../state/layers";
import type { Opened } from "../state/opened";
import { Icon } from "../view/icon";

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
  const many = takeable(opened).length;
  const isRefused = (format: ExportFormat) =>
    format === "dicom-seg" && opened.info.value.is_dicom === false;
  const take = async (format: ExportFormat) => {
    busy.value = format;
    await exportAs(opened, format, isDeidentified.value);
    busy.value = null;
  };
  return (
    <section class="card" aria-labelledby="take-title">
      <h2 id="take-title">Take away</h2>
      <p class="hint">
        {many &&
          opened.isVolume &&
          "Of each, the slices that were drawn: look at them all first, or draw all. "}
        {many
          ? `${many === 1 ? "The visible layer is" : `The ${many} visible layers are`} saved.`
          : "Nothing is drawn yet: there is nothing to save."}
      </p>
      <div class="formats">
        {FORMATS.map(([format, name, about]) => (
          <button
            key={format}
            type="button"
            disabled={!many || busy.value !== null || isRefused(format)}
            title={isRefused(format) ? "Only where the picture is DICOM itself" : ""}
            aria-busy={busy.value === format}
            onClick={() => void take(format)}
          >
            <Icon name="save" size={17} />
            <span>
              {name}
              <small>{about}</small>
            </span>
          </button>
        ))}
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={isDeidentified.value}
          onChange={(event) => {
            isDeidentified.value = event.currentTarget.checked;
          }}
        />
        <span>Leave out what may tell the patient (names, dates, the picture itself)</span>
      </label>
    </section>
  );
}
