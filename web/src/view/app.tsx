/** The whole page. */

import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { CorrectCard } from "../panel/correct";
import { LayerCard } from "../panel/layers";
import { SentenceCard } from "../panel/sentence";
import { TakeAwayCard } from "../panel/take_away";
import { hasUnsavedWork } from "../state/layers";
import { close, notices, said } from "../state/notices";
import { filesOf, openFiles } from "../state/opening";
import { current, isOffline, model, pictures, theme } from "../state/store";
import { Help, KeyPrompt } from "./dialogs";
import { Header } from "./header";
import { Icon } from "./icon";
import { onKey } from "./shortcuts";
import { Start } from "./start";
import { Viewer } from "./viewer";
import { Worklist } from "./worklist";

export function App({ onKeyGiven }: { onKeyGiven: () => void }) {
  const isDragging = useDrops();
  useSignalEffect(() => {
    document.documentElement.dataset.theme = theme.value;
  });
  const opened = current.value;
  useKeptFocus(opened?.key ?? null);
  return (
    <>
      <Header />
      {isOffline.value && (
        <p class="offline" role="alert">
          <span class="busy" aria-hidden="true" /> The connection to lingseg was lost. Your
          sentences and corrections are kept here; it goes on as soon as lingseg answers.
        </p>
      )}
      <main data-open={!!opened}>
        {opened ? (
          <>
            <Viewer key={`viewer ${opened.key}`} opened={opened} />
            <div key={`panel ${opened.key}`} class="panel">
              <SentenceCard opened={opened} />
              <LayerCard opened={opened} />
              <CorrectCard opened={opened} />
              <TakeAwayCard opened={opened} />
              <Footer />
            </div>
          </>
        ) : (
          <Start />
        )}
      </main>
      {!opened && <Footer />}
      <Notices />
      <p class="unseen" aria-live="polite" id="said">
        {said.value}
      </p>
      {isDragging.value && (
        <div class="dropping" aria-hidden="true">
          <Icon name="open" size={48} />
          <strong>Let go to open</strong>
        </div>
      )}
      <Worklist />
      <Help />
      <KeyPrompt onKey={onKeyGiven} />
    </>
  );
}

function Footer() {
  return (
    <footer>
      <strong>{model.value?.note ?? "Research use only; not a medical device."}</strong> Pictures
      stay with the lingseg that you started; closing this tab forgets them here.
    </footer>
  );
}

function Notices() {
  return (
    <div class="notices" role="log" aria-live="assertive" aria-label="Messages">
      {notices.value.map((one) => (
        <div key={one.id} class="notice" data-kind={one.kind}>
          {one.kind === "problem" && <Icon name="warn" size={18} />}
          <p>{one.text}</p>
          <button
            type="button"
            class="icon-button"
            aria-label="Close message"
            onClick={() => close(one.id)}
          >
            <Icon name="close" size={16} />
          </button>
        </div>
      ))}
    </div>
  );
}

/** What was pressed to open a picture may go with it: the focus then goes to the picture. */
function useKeptFocus(key: number | null): void {
  const before = useRef(key);
  const focused = useRef<EventTarget | null>(null);
  useEffect(() => {
    const note = ({ target }: FocusEvent) => {
      focused.current = target;
    };
    addEventListener("focusin", note);
    return () => removeEventListener("focusin", note);
  }, []);
  useEffect(() => {
    const isOther = before.current !== key;
    before.current = key;
    const isGone = focused.current instanceof Node && !focused.current.isConnected;
    if (isOther && isGone && document.activeElement === document.body)
      document.querySelector<HTMLElement>(".stage")?.focus({ preventScroll: true });
  }, [key]);
}

/** Files that are dropped anywhere, or pasted. */
function useDrops() {
  const isDragging = useSignal(false);
  useEffect(() => {
    const over = (event: DragEvent) => {
      event.preventDefault();
      isDragging.value = true;
    };
    const leave = (event: DragEvent) => {
      if (!event.relatedTarget) isDragging.value = false;
    };
    const drop = async (event: DragEvent) => {
      event.preventDefault();
      isDragging.value = false;
      if (event.dataTransfer) await openFiles(await filesOf(event.dataTransfer));
    };
    const paste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length) void openFiles(files);
    };
    const leaving = (event: BeforeUnloadEvent) => {
      if (pictures.value.some(hasUnsavedWork)) event.preventDefault();
    };
    const dropped = (event: DragEvent) => void drop(event);
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", dropped);
    addEventListener("paste", paste);
    addEventListener("keydown", onKey);
    addEventListener("beforeunload", leaving);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", dropped);
      removeEventListener("paste", paste);
      removeEventListener("keydown", onKey);
      removeEventListener("beforeunload", leaving);
    };
  }, [isDragging]);
  return isDragging;
}
