import { type AskEvent, backend, type Job, reportOf, type Turn } from '@/ipc';
import { t } from '@/shared/i18n';
import { attempt, offer, warn } from '@/shared/ui/toasts';
import { advance, begin, keepTold, type Running, restsOnFew, turnOf } from './running';
import { type Asks, asksSeveral, type ChatState, isRead } from './state';

/** An answer that took longer was perhaps not waited for. */
const LONG_MS = 15_000;

/** The one answer under way, whichever conversation is open. */
interface Live {
  /** `null` until the engine has begun one. */
  conversation: number | null;
  /** It is begun by this question: where nothing is answered the engine takes it back. */
  begins: boolean;
  title: string;
  asks: Asks;
  /** The turns before it. */
  turns: Turn[];
  /** All that there were: they stay where none takes their place. */
  before: Turn[];
  running: Running;
  /** Its conversation is the open one. */
  shown: boolean;
  /** Its conversation is being deleted: nobody waits for it. */
  unwanted: boolean;
  job: Job | null;
}

/** Somebody stopped it: that needs no telling. */
function isStopped({ running }: Live): boolean {
  return running.answer?.finish === 'cancelled' || running.error?.code === 'cancelled';
}

/** What it asks of the conversations around it. */
interface Around {
  /** A question was asked in the open conversation: what was begun in it is done, and what is still being read of it comes too late. */
  asked: (id: number | null) => void;
  /** Keeps what a conversation asks that was left. */
  keepAsks: (id: number, asks: Asks) => void;
  load: (id: number) => Promise<void>;
}

/** What can be done with the answer under way. */
interface Answering {
  ask: ChatState['ask'];
  stop: () => void;
  isUnderWay: () => boolean;
  /** Another conversation is opened: it goes on behind that. */
  hide: () => void;
  /** Shows it where it is written in that conversation; false where it is not. */
  showIn: (id: number) => boolean;
  /** Its conversation is called otherwise. */
  rename: (id: number, title: string) => void;
  /** Stops what is still written in a conversation that nobody wants; says where that went with its only question. */
  abandon: (id: number) => Promise<{ shown: boolean } | null>;
}

/** The part of the store that answers. */
export function answering(set: (change: Partial<ChatState>) => void, get: () => ChatState, around: Around): Answering {
  let live: Live | null = null;
  let frame: number | undefined;

  /** Events come faster than frames: the screen follows once a frame. */
  function show(): void {
    frame ??= requestAnimationFrame(() => {
      frame = undefined;
      if (live?.shown) set({ running: live.running });
    });
  }

  function settle(): void {
    if (frame !== undefined) cancelAnimationFrame(frame);
    frame = undefined;
    live = null;
  }

  /** What was told of an answer, whether anybody looks or not. */
  function follow(mine: Live, event: AskEvent): void {
    if (live !== mine) return;
    mine.running = advance(mine.running, event, performance.now());
    switch (event.type) {
      case 'started':
        mine.conversation = event.conversation;
        if (mine.shown) set({ id: event.conversation, title: mine.title });
        else {
          set({ elsewhere: { id: event.conversation, title: mine.title } });
          // Left before it had a number.
          if (mine.begins) around.keepAsks(event.conversation, mine.asks);
        }
        // A new one is listed at once: the way back to it, should another be opened.
        if (!get().conversations?.some(({ id }) => id === event.conversation)) void get().loadList();
        show();
        break;
      case 'done': {
        settle();
        if (!mine.shown) break;
        const turn = turnOf(mine.running, event.answer, Date.now());
        keepTold(turn, mine.running);
        const few = mine.running.wantsEverything && asksSeveral(mine.asks.scope) && restsOnFew(turn.answer);
        set({ running: null, turns: [...mine.turns, turn], few: few ? turn : null });
        break;
      }
      case 'failed':
        fail(mine);
        break;
      default:
        show();
    }
  }

  function fail(mine: Live): void {
    settle();
    if (mine.begins) mine.conversation = null;
    if (mine.shown)
      set({ running: mine.running, turns: mine.before, ...(mine.begins && { id: null, title: '', renaming: false }) });
    else if (mine.running.error && !isStopped(mine)) warn(mine.running.error);
  }

  /** An answer that nobody looked at is there. */
  function tell(mine: Live): void {
    const { conversation, title, running } = mine;
    set({ elsewhere: null });
    if (conversation === null || running.error || mine.unwanted) return;
    // Opened while the answer was on its way, and perhaps read before it was saved.
    if (get().id === conversation) void around.load(conversation);
    else if (!isStopped(mine))
      offer(t('chat.answered', { title }), t('chat.show'), () => void get().open(conversation));
  }

  return {
    ask: async (question, replace = null, each = get().each) => {
      if (live || !isRead(get())) return;
      const { id, scope, turns, title, editing } = get();
      const mine: Live = {
        conversation: id,
        begins: id === null,
        title: title || question,
        asks: { scope, each: get().each },
        turns: replace === null ? turns : turns.slice(0, replace),
        before: turns,
        running: begin(question, performance.now(), replace, each),
        shown: true,
        unwanted: false,
        job: null,
      };
      live = mine;
      around.asked(id);
      // Of a turn that is replaced no question is left to be changed.
      const gone = replace !== null && editing !== null && editing > replace;
      set({ running: mine.running, turns: mine.turns, ...(gone && { editing: null }) });
      const place = { conversation: id, replace_turn: replace, turns: mine.turns.length };
      try {
        const asks = { scope, each_document: each, each_from_now_on: mine.asks.each };
        mine.job = backend().ask({ question, ...asks, ...place }, (event) => follow(mine, event));
        await mine.job.finished;
      } catch (thrown) {
        if (live === mine) {
          mine.running = { ...mine.running, error: reportOf(thrown), stage: null };
          fail(mine);
        }
      }
      if (live === mine) settle();
      if (!mine.shown) tell(mine);
      if (!mine.unwanted && !isStopped(mine) && performance.now() - mine.running.startedAt > LONG_MS)
        void attempt(() => backend().drawAttention());
      void get().loadList();
    },
    stop: () => live?.job?.cancel(),
    isUnderWay: () => live !== null,
    hide: () => {
      if (!live) return;
      live.shown = false;
      set({ elsewhere: { id: live.conversation, title: live.title } });
    },
    showIn: (id) => {
      if (live?.conversation !== id) return false;
      live.shown = true;
      set({ turns: live.turns, running: live.running, elsewhere: null });
      return true;
    },
    rename: (id, title) => {
      if (live?.conversation !== id) return;
      live.title = title;
      if (!live.shown) set({ elsewhere: { id, title } });
    },
    abandon: async (id) => {
      const writing = live?.conversation === id ? live : null;
      if (!writing) return null;
      writing.unwanted = true;
      writing.job?.cancel();
      await writing.job?.finished.catch(() => undefined);
      return writing.conversation === null ? { shown: writing.shown } : null;
    },
  };
}
