/** The first thing a person sees: where to drop a picture, and examples. */

import { useEffect, useRef } from "preact/hooks";
import * as api from "../server/api";
import type { Example } from "../server/contract";
import { openExample, openFiles, show, stopUpload } from "../state/opening";
import { examples, uploading } from "../state/store";
import { isOpened, labelOf, worklist } from "../state/worklist";
import { Icon } from "./icon";

export function Start() {
  return (
    <div class="start">
      <div class="welcome">
        <h1>Say what you see.</h1>
        <p>
          Give a picture, describe a finding in a sentence, and its outline appears. Everything
          stays on this computer.
        </p>
      </div>
      <DropZone />
      {examples.value.length > 0 && (
        <section aria-labelledby="examples-title">
          <h2 id="examples-title">Or try an example</h2>
          <ul class="examples">
            {examples.value.map((one) => (
              <li key={one.name}>
                <button type="button" onClick={() => void openExample(one.name, one.sentences[0])}>
                  <Thumbnail example={one} />
                  <strong>{one.title}</strong>
                  {one.sentences[0] && <span>“{one.sentences[0]}”</span>}
                  <small>{one.licence}</small>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function DropZone() {
  return (
    <div class="drop">
      {uploading.value ? (
        <>
          <span class="busy" aria-hidden="true" />
          <p role="status">{uploading.value}</p>
          <button type="button" onClick={stopUpload}>
            Stop
          </button>
        </>
      ) : (
        <>
          <Icon name="open" size={34} />
          <p>
            <strong>Drop a picture, a folder or a zip here</strong>
            <span>PNG, JPEG, TIFF, DICOM or NIfTI. You can also paste a picture.</span>
          </p>
          <OpenButtons />
          <Again />
        </>
      )}
    </div>
  );
}

/** What was given, and could not be sent: the connection broke. */
function Again() {
  const first = worklist.value.find((one) => isOpened(one) || one.given);
  if (!first) return null;
  return (
    <button type="button" onClick={() => void show(first)}>
      Open {labelOf(first)} again
    </button>
  );
}

export function OpenButtons({ isSmall = false }: { isSmall?: boolean }) {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const take = (input: HTMLInputElement) => {
    const given = [...(input.files ?? [])];
    input.value = ""; // the same file may be chosen again
    if (given.length) void openFiles(given);
  };
  return (
    <span class="open-buttons">
      <button
        type="button"
        class={isSmall ? "small" : "primary"}
        onClick={() => files.current?.click()}
      >
        {isSmall && <Icon name="open" size={17} />} {isSmall ? "Open" : "Choose files"}
      </button>
      {!isSmall && (
        <button type="button" onClick={() => folder.current?.click()}>
          <Icon name="folder" size={17} /> Choose a folder
        </button>
      )}
      <input
        ref={files}
        class="files"
        type="file"
        multiple
        hidden
        aria-label="Files"
        onChange={(event) => take(event.currentTarget)}
      />
      <input
        ref={folder}
        type="file"
        hidden
        aria-label="Folder"
        class="folder"
        {...{ webkitdirectory: true }}
        onChange={(event) => take(event.currentTarget)}
      />
    </span>
  );
}

/** Fetched by hand: a picture's own request could not carry the key. */
function Thumbnail({ example }: { example: Example }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const address = example.thumbnail;
  useEffect(() => {
    let isGone = false;
    void (async () => {
      const bytes = await api.bytes(address).catch(() => null);
      if (!bytes || isGone) return;
      const picture = await createImageBitmap(new Blob([bytes.slice()])).catch(() => null);
      const element = canvas.current;
      if (!picture || !element || isGone) return;
      element.width = picture.width;
      element.height = picture.height;
      element.getContext("2d")?.drawImage(picture, 0, 0);
    })();
    return () => {
      isGone = true;
    };
  }, [address]);
  return <canvas ref={canvas} class="thumbnail" aria-hidden="true" />;
}
