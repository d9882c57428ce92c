import { Channel } from '@tauri-apps/api/core';
import type { Job, Stop } from './backend';
import { commands } from './bindings';
import { reportOf } from './error';
import type { ErrorReport } from './types';

let nextId = 1;

/** A stream of batches; an empty batch is its end. */
function listen<T>(onEvent: (event: T) => void): { channel: Channel<T[]>; ended: Promise<void> } {
  const channel = new Channel<T[]>();
  const ended = new Promise<void>((resolve) => {
    channel.onmessage = (batch) => {
      if (batch.length === 0) resolve();
      for (const event of batch) onEvent(event);
    };
  });
  return { channel, ended };
}

/** Starts a command that streams while it works. `finished` settles after the last event, with the command's result told before. */
export function job<T, R>(
  start: (id: number, events: Channel<T[]>) => Promise<R>,
  onEvent: (event: T) => void,
  onResult: (result: R) => void = () => undefined,
): Job {
  const id = nextId++;
  const { channel, ended } = listen(onEvent);
  const finished = start(id, channel).then(async (result) => {
    await ended;
    onResult(result);
  });
  return { finished, cancel: () => void commands.cancelJob(id) };
}

/** Starts a command that tells nothing while it works, and can be stopped all the same. */
export function stoppable<R>(start: (id: number) => Promise<R>, onResult: (result: R) => void): Job {
  const id = nextId++;
  return { finished: start(id).then(onResult), cancel: () => void commands.cancelJob(id) };
}

/** The same job, whose failure is told as one more event instead of thrown. */
export function telling(running: Job, onFailure: (thrown: unknown) => void | Promise<void>): Job {
  return { ...running, finished: running.finished.catch(onFailure) };
}

/** The same with the event that every stream of events ends with where it failed. */
export function tellingFailure(running: Job, listener: (event: { type: 'failed'; error: ErrorReport }) => void): Job {
  return telling(running, (thrown) => listener({ type: 'failed', error: reportOf(thrown) }));
}

/** Listens until stopped. A listener that cannot begin hears nothing later either: it is begun when the engine is there. */
export function subscription<T>(
  start: (id: number, events: Channel<T[]>) => Promise<unknown>,
  onEvent: (event: T) => void,
): Stop {
  const id = nextId++;
  let live = true;
  const { channel } = listen<T>((event) => live && onEvent(event));
  const begun = start(id, channel).catch(() => undefined);
  return () => {
    if (!live) return;
    live = false;
    void begun.then(() => commands.stopListening(id));
  };
}
