import { CircleAlert, Info, TriangleAlert, X } from 'lucide-react';
import { create } from 'zustand';
import { type Notice, reportOf, type Undo } from '@/ipc';
import { t } from '../i18n';
import { ErrorText } from './states';

interface Toast {
  id: number;
  tone: 'info' | 'warning' | 'error';
  text: string;
  code: string;
  detail: string | null;
  undo: Undo | null;
}

interface Toasts {
  list: Toast[];
  add: (toast: Omit<Toast, 'id'>) => void;
  dismiss: (id: number) => void;
}

const LIFE_MS = { info: 8000, warning: 12_000, error: 20_000 };
let nextId = 1;

const useToasts = create<Toasts>((set, get) => ({
  list: [],
  add: (toast) => {
    const id = nextId++;
    set({ list: [...get().list.filter((old) => old.text !== toast.text), { ...toast, id }].slice(-4) });
    setTimeout(() => get().dismiss(id), LIFE_MS[toast.tone]);
  },
  dismiss: (id) => set({ list: get().list.filter((toast) => toast.id !== id) }),
}));

/** Says that something was done, with a way back where there is one. */
export function announce(text: string, undo: Undo | null = null): void {
  useToasts.getState().add({ tone: 'info', text, code: '', detail: null, undo });
}

/** Says that something was degraded. */
export function warn({ code, message }: Notice): void {
  useToasts.getState().add({ tone: 'warning', text: message, code, detail: null, undo: null });
}

/** Shows what was thrown. */
export function complain(thrown: unknown): void {
  const { message, code, detail } = reportOf(thrown);
  useToasts.getState().add({ tone: 'error', text: message, code, detail, undo: null });
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

/** The messages at the lower edge of the window. */
export function ToastList() {
  const { list, dismiss } = useToasts();
  return (
    <section className="toasts" aria-live="polite" aria-label={t('toasts.label')}>
      {list.map((toast) => {
        const Icon = ICONS[toast.tone];
        return (
          <div key={toast.id} className={`toast ${toast.tone}`}>
            <Icon size={16} aria-hidden />
            <ErrorText error={{ code: toast.code, message: toast.text, detail: toast.detail }} />
            {toast.undo && (
              <button
                type="button"
                className="button small"
                onClick={() => {
                  const { undo } = toast;
                  dismiss(toast.id);
                  if (undo) void attempt(undo);
                }}
              >
                {t('action.undo')}
              </button>
            )}
            <button
              type="button"
              className="icon-button small"
              aria-label={t('action.dismiss')}
              onClick={() => dismiss(toast.id)}
            >
              <X size={14} aria-hidden />
            </button>
          </div>
        );
      })}
    </section>
  );
}
