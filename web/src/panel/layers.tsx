/** Sentences and corrections as layers: seen or not, in which colour, how strong. */

import { area } from "../pixels/runs";
import { sizeInWords } from "../state/asking";
import { COLOURS, isUnsaved, type Layer, type Style } from "../state/layer";
import { addLayer, removeLayer } from "../state/layers";
import { currentMask, isInStep, standsFor } from "../state/meaning";
import type { Opened } from "../state/opened";
import { Icon, IconButton } from "../view/icon";

const STYLES: readonly [Style, string][] = [
  ["fill", "Fill"],
  ["outline", "Outline"],
  ["both", "Both"],
];

function nameOf(opened: Opened, layer: Layer): string {
  const text = standsFor(opened, layer).text || "(no sentence yet)";
  if (layer.corrects === null) return text;
  return `${layer.isPainted ? "Painted" : "Corrected"}: ${text}`;
}

export function LayerCard({ opened }: { opened: Opened }) {
  return (
    <section class="card" aria-labelledby="layers-title">
      <div class="card-head">
        <h2 id="layers-title">Layers</h2>
        <button type="button" class="small" title="N" onClick={() => another(opened)}>
          <Icon name="plus" size={16} /> Another sentence
        </button>
      </div>
      <ul class="layers">
        {opened.layers.value.map((layer, at) => (
          <Row key={layer.id} opened={opened} layer={layer} number={at + 1} />
        ))}
      </ul>
    </section>
  );
}

export function another(opened: Opened): void {
  addLayer(opened);
  document.getElementById("sentence")?.focus();
}

function Row(props: { opened: Opened; layer: Layer; number: number }) {
  const { opened, layer, number } = props;
  const isActive = opened.active.value?.id === layer.id;
  return (
    <li class="layer" data-active={isActive} data-corrected={layer.corrects !== null}>
      <div class="layer-row">
        <IconButton
          icon={layer.isVisible ? "eye" : "hidden"}
          label={`Show layer ${number}`}
          isPressed={layer.isVisible}
          onClick={() => opened.change(layer.id, { isVisible: !layer.isVisible })}
        />
        <button
          type="button"
          class="layer-name"
          aria-pressed={isActive}
          title={number <= 9 ? `Press ${number}` : ""}
          onClick={() => {
            opened.activeId.value = layer.id;
          }}
        >
          <span class="swatch" style={{ "--swatch": layer.colour }} />
          <span>{nameOf(opened, layer)}</span>
        </button>
        {isUnsaved(layer) && <small class="unsaved">not saved</small>}
        <IconButton
          icon="close"
          label={`Remove layer ${number}`}
          onClick={() => removeLayer(opened, layer.id)}
        />
      </div>
      {!isInStep(opened, layer) && <p class="for-another">Drawn for another sentence or side</p>}
      {isActive && <Looks opened={opened} layer={layer} />}
    </li>
  );
}

function Looks({ opened, layer }: { opened: Opened; layer: Layer }) {
  const mask = currentMask(opened, layer, opened.slice.value);
  return (
    <div class="looks">
      {mask && <p class="size">{sizeInWords(opened, area(mask))}</p>}
      <div class="segments" role="group" aria-label="Drawn as">
        {STYLES.map(([style, label]) => (
          <button
            key={style}
            type="button"
            aria-pressed={layer.style === style}
            onClick={() => opened.change(layer.id, { style })}
          >
            {label}
          </button>
        ))}
      </div>
      <label class="opacity">
        <span class="unseen">Opacity</span>
        <input
          type="range"
          min="5"
          max="100"
          title="Opacity"
          value={Math.round(layer.opacity * 100)}
          disabled={layer.style === "outline"}
          onInput={(event) =>
            opened.change(layer.id, { opacity: event.currentTarget.valueAsNumber / 100 })
          }
        />
      </label>
      <div class="colours" role="group" aria-label="Colour">
        {COLOURS.map((colour, at) => (
          <button
            key={colour}
            type="button"
            class="swatch"
            style={{ "--swatch": colour }}
            aria-label={`Colour ${at + 1}`}
            aria-pressed={layer.colour === colour}
            onClick={() => opened.change(layer.id, { colour })}
          />
        ))}
      </div>
    </div>
  );
}
