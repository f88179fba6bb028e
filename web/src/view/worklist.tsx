/** The pictures that were given: as tabs while they are few, else as a list to work through. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { folderOf } from "../given/groups";
import { hasUnsavedWork } from "../state/layers";
import { many } from "../state/many";
import type { Opened } from "../state/opened";
import { closePicture, markDone, show, step, stepToOpen } from "../state/opening";
import { smallOf } from "../state/small";
import { current, currentKey, isListOpen } from "../state/store";
import {
  type Item,
  isOpened,
  labelOf,
  nameOfItem,
  numDone,
  placeInList,
  worklist,
} from "../state/worklist";
import { AllPictures } from "./all_pictures";
import { Check } from "./check";
import { Sheet } from "./dialogs";
import { Icon, IconButton } from "./icon";

const MOST_TABS = 3;

export function Pictures() {
  const items = worklist.value;
  if (!items.length) return null;
  return (
    <nav aria-label="Open pictures">
      {items.length <= MOST_TABS ? <Tabs items={items} /> : <Turner />}
    </nav>
  );
}

const isCurrent = (item: Item) => isOpened(item) && item.key === currentKey.value;

function Tabs({ items }: { items: readonly Item[] }) {
  return (
    <ul class="pictures">
      {items.map((one) => {
        const label = labelOf(one);
        return (
          <li key={one.key} data-current={isCurrent(one)}>
            <button
              type="button"
              aria-current={isCurrent(one)}
              title={one.path}
              onClick={() => void show(one)}
            >
              {label}
            </button>
            <IconButton icon="close" label={`Close ${label}`} onClick={() => closePicture(one)} />
          </li>
        );
      })}
    </ul>
  );
}

/** One step back, the list, one step on. */
function Turner() {
  const opened = current.value;
  const place = placeInList.value;
  const { length } = worklist.value;
  return (
    <div class="turner">
      <IconButton
        icon="before"
        label="Previous picture"
        hint=","
        isDisabled={place <= 0}
        onClick={() => step(-1)}
      />
      <button
        type="button"
        class="turner-name"
        aria-haspopup="dialog"
        title="All pictures (L)"
        onClick={() => {
          isListOpen.value = true;
        }}
      >
        <b>
          {place + 1} / {length}
        </b>
        {opened?.isDone.value && <Icon name="done" size={16} />}
        <span>{opened ? labelOf(opened) : "All pictures"}</span>
      </button>
      <IconButton
        icon="after"
        label="Next picture"
        hint="."
        isDisabled={place + 1 >= length}
        onClick={() => step(1)}
      />
      {opened && <DoneButton opened={opened} />}
    </div>
  );
}

function DoneButton({ opened }: { opened: Opened }) {
  return (
    <IconButton
      icon="done"
      class="mark-done"
      label="This picture is done"
      hint="D"
      isPressed={opened.isDone.value}
      onClick={() => markDone(opened)}
    />
  );
}

/** The sheet with all pictures. */
export function Worklist() {
  const isOpenOnly = useSignal(false);
  if (!isListOpen.value) return null;
  const close = () => {
    isListOpen.value = false;
  };
  const isWanted = (one: Item) => !isOpenOnly.value || !isOpened(one) || !one.isDone.value;
  const items = worklist.value;
  return (
    <Sheet label="All pictures" onClose={close}>
      <div class="card-head">
        <h2>
          {many(items.length, "picture")}, {numDone.value} done
        </h2>
        <button type="button" class="icon-button" aria-label="Close" onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <div class="list-tools">
        <Check isOn={isOpenOnly}>Only those that are not done</Check>
        <button
          type="button"
          class="small"
          onClick={() => {
            close();
            stepToOpen();
          }}
        >
          To the next that is not done
        </button>
      </div>
      <ol class="worklist">
        {items.map(
          (one, at) =>
            isWanted(one) && <Row key={one.key} item={one} number={at + 1} close={close} />,
        )}
      </ol>
      <AllPictures />
    </Sheet>
  );
}

function Row(props: { item: Item; number: number; close: () => void }) {
  const { item, number, close } = props;
  const row = useRef<HTMLLIElement>(null);
  const isHere = isCurrent(item);
  useEffect(() => {
    if (isHere) row.current?.scrollIntoView({ block: "center" });
  }, [isHere]);
  return (
    <li ref={row} data-current={isHere}>
      <button
        type="button"
        class="worklist-name"
        aria-current={isHere}
        onClick={() => {
          close();
          void show(item);
        }}
      >
        {isOpened(item) ? <Small opened={item} /> : <span class="small-picture" />}
        <span class="worklist-text">
          <span>
            {number}. {nameOfItem(item)}
          </span>
          <small>{[folderOf(item.path), stateOf(item)].filter(Boolean).join(" · ")}</small>
        </span>
        {isOpened(item) && item.isDone.value && <Icon name="done" size={18} />}
      </button>
      <IconButton
        icon="close"
        label={`Close ${labelOf(item)}`}
        onClick={() => closePicture(item)}
      />
    </li>
  );
}

/** How far one is with it, in words. */
function stateOf(item: Item): string {
  if (!isOpened(item)) {
    if (item.problem.value) return item.problem.value;
    return item.given ? "not looked at" : "give the file or its folder once more";
  }
  const isDone = item.isDone.value ? "done" : "";
  const work = hasUnsavedWork(item) ? "corrections not saved" : "";
  return [isDone, work].filter(Boolean).join(" · ") || "open";
}

function Small({ opened }: { opened: Opened }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const pixels = smallOf(opened).value;
  useEffect(() => {
    const element = canvas.current;
    if (!element || !pixels) return;
    element.width = pixels.width;
    element.height = pixels.height;
    element.getContext("2d")?.putImageData(pixels, 0, 0);
  }, [pixels]);
  return <canvas ref={canvas} class="small-picture" aria-hidden="true" />;
}
