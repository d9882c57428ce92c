import { CircleAlert, Info, TriangleAlert, X } from 'lucide-react';
import { type FocusEvent, useEffect, useRef } from 'react';
import { create } from 'zustand';
import { type Notice, reportOf, type Undo } from '@/ipc';
import { t } from '../i18n';
import { IconButton } from './IconButton';
import { ErrorText } from './states';

interface Toast {
  id: number;
  tone: 'info' | 'warning' | 'error';
  text: string;
  code: string;
  detail: string | null;
  undo: Undo | null;
  /** What may be done about it. */
  action: { label: string; run: () => void } | null;
  /** What follows when it has gone and was not undone. */
  settle: (() => void) | null;
  /** Stays until it is dismissed. */
  lasting: boolean;
  /** It stays no longer, whoever is on it; of `performance.now()`. */
  until: number;
}

interface Toasts {
  list: Toast[];
  add: (toast: Omit<Toast, 'id' | 'until'>) => void;
  dismiss: (id: number) => void;
  /** Stays while someone is on it. */
  hold: (id: number) => void;
  release: (id: number) => void;
  undo: (id: number) => void;
  act: (id: number) => void;
}

const LIFE_MS = { info: 8000, warning: 12_000, error: 20_000 };
/** The engine forgets documents 15 seconds after it began to remove them: a way back that leads nowhere is not offered. */
const UNDO_MS = 12_000;
const SHOWN = 4;
let nextId = 1;

const timers = new Map<number, ReturnType<typeof setTimeout>>();

const useToasts = create<Toasts>((set, get) => {
  function take(id: number): Toast | undefined {
    clearTimeout(timers.get(id));
    timers.delete(id);
    const toast = get().list.find((each) => each.id === id);
    set({ list: get().list.filter((each) => each !== toast) });
    return toast;
  }
  /** It goes after so long, at its last moment at the latest. */
  function goAfter(id: number, lifeOf: (toast: Toast) => number): void {
    clearTimeout(timers.get(id));
    const toast = get().list.find((each) => each.id === id);
    if (!toast) return;
    const left = Math.min(lifeOf(toast), toast.until - performance.now());
    if (left < Infinity)
      timers.set(
        id,
        setTimeout(() => get().dismiss(id), left),
      );
  }
  return {
    list: [],
    add: (toast) => {
      const id = nextId++;
      // Two removals are two, though they are told in the same words: each has its own way back.
      for (const old of get().list.filter((each) => isTold(each) && each.text === toast.text)) get().dismiss(old.id);
      const until = toast.undo ? performance.now() + UNDO_MS : Infinity;
      set({ list: [...get().list, { ...toast, id, until }] });
      const passing = get().list.filter((each) => !each.lasting);
      for (const old of passing.slice(0, -SHOWN)) get().dismiss(old.id);
      get().release(id);
    },
    dismiss: (id) => take(id)?.settle?.(),
    hold: (id) => goAfter(id, () => Infinity),
    release: (id) => goAfter(id, ({ tone, lasting }) => (lasting ? Infinity : LIFE_MS[tone])),
    undo: (id) => {
      const toast = take(id);
      if (toast?.undo) void attempt(toast.undo);
    },
    act: (id) => take(id)?.action?.run(),
  };
});

/** Told and no more: said again, it need not stand there twice. */
function isTold({ undo, settle }: Pick<Toast, 'undo' | 'settle'>): boolean {
  return undo === null && settle === null;
}

function lastToUndo(): Toast | undefined {
  return useToasts.getState().list.findLast((toast) => toast.undo !== null);
}

/** Whether something was just done that can be undone. */
export function canUndo(): boolean {
  return lastToUndo() !== undefined;
}

/** Takes back what was done last. */
export function undoLast(): void {
  const toast = lastToUndo();
  if (toast) useToasts.getState().undo(toast.id);
}

/** What most messages are without. */
const PLAIN = { code: '', detail: null, undo: null, action: null, settle: null, lasting: false };

/** Says that something was done, with a way back where there is one; `settle` follows when that was not taken. */
export function announce(text: string, undo: Undo | null = null, settle: (() => void) | null = null): void {
  useToasts.getState().add({ ...PLAIN, tone: 'info', text, undo, settle });
}

/** Says that something has come to an end, and leads to it. */
export function offer(text: string, label: string, run: () => void): void {
  useToasts.getState().add({ ...PLAIN, tone: 'info', text, action: { label, run } });
}

/** Says that something was degraded. */
export function warn({ code, message }: Notice): void {
  useToasts.getState().add({ ...PLAIN, tone: 'warning', text: message, code });
}

/** The same, until it was seen and dismissed. */
export function insist({ code, message }: Notice): void {
  useToasts.getState().add({ ...PLAIN, tone: 'warning', text: message, code, lasting: true });
}

/** Shows what was thrown. */
export function complain(thrown: unknown): void {
  const { message, code, detail } = reportOf(thrown);
  useToasts.getState().add({ ...PLAIN, tone: 'error', text: message, code, detail });
}

/** Runs an action; a failure is shown, never swallowed. */
export async function attempt<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (thrown) {
    complain(thrown);
    return undefined;
  }
}

const ICONS = { info: Info, warning: TriangleAlert, error: CircleAlert };

/** Whoever presses a message away is back where they came from: the focus would be lost with it. */
function useFocusKept(list: readonly Toast[]): Record<'onFocus' | 'onBlur', (event: FocusEvent<HTMLElement>) => void> {
  const before = useRef<HTMLElement | null>(null);
  const inside = useRef(false);
  const isOutside = ({ relatedTarget, currentTarget }: FocusEvent<HTMLElement>): boolean =>
    !(relatedTarget instanceof Node && currentTarget.contains(relatedTarget));
  // biome-ignore lint/correctness/useExhaustiveDependencies: a message that has gone is the occasion
  useEffect(() => {
    if (!inside.current || document.activeElement !== document.body) return;
    inside.current = false;
    if (before.current?.isConnected) before.current.focus();
  }, [list]);
  return {
    onFocus: (event) => {
      if (isOutside(event)) before.current = event.relatedTarget instanceof HTMLElement ? event.relatedTarget : null;
      inside.current = true;
    },
    onBlur: (event) => {
      // A message that goes takes the focus with it, to nowhere.
      if (isOutside(event) && event.relatedTarget !== null) inside.current = false;
    },
  };
}

/** The messages at the lower edge of the window. */
export function ToastList() {
  const { list, dismiss, hold, release, undo, act } = useToasts();
  const focus = useFocusKept(list);
  return (
    <section className="toasts" aria-live="polite" aria-label={t('toasts.label')} {...focus}>
      {list.map((toast) => {
        const Icon = ICONS[toast.tone];
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: only keeps the message while someone is on it
          <div
            key={toast.id}
            className={`toast ${toast.tone}`}
            onPointerEnter={() => hold(toast.id)}
            onPointerLeave={() => release(toast.id)}
            onFocus={() => hold(toast.id)}
            onBlur={() => release(toast.id)}
          >
            <Icon size={16} aria-hidden />
            <ErrorText error={{ code: toast.code, message: toast.text, detail: toast.detail }} />
            {toast.undo && (
              <button type="button" className="button small" onClick={() => undo(toast.id)}>
                {t('action.undo')}
              </button>
            )}
            {toast.action && (
              <button type="button" className="button small" onClick={() => act(toast.id)}>
                {toast.action.label}
              </button>
            )}
            <IconButton small label={t('action.dismiss')} onPress={() => dismiss(toast.id)}>
              <X size={14} aria-hidden />
            </IconButton>
          </div>
        );
      })}
    </section>
  );
}
