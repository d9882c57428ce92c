import { Channel, invoke } from '@tauri-apps/api/core';
import type { Job, Stop } from './backend';

type Arguments = Record<string, unknown>;

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
  command: string,
  args: Arguments,
  onEvent: (event: T) => void,
  onResult: (result: R) => void = () => undefined,
): Job {
  const id = nextId++;
  const { channel, ended } = listen(onEvent);
  const finished = invoke<R>(command, { ...args, job: id, events: channel }).then(async (result) => {
    await ended;
    onResult(result);
  });
  return { finished, cancel: () => void invoke('cancel_job', { job: id }) };
}

/** Listens until stopped. A listener that cannot begin has nothing to say: commands tell why the engine is not there. */
export function subscription<T>(command: string, argument: string, onEvent: (event: T) => void): Stop {
  const id = nextId++;
  let live = true;
  const { channel } = listen<T>((event) => live && onEvent(event));
  const begun = invoke(command, { id, [argument]: channel }).catch(() => undefined);
  return () => {
    if (!live) return;
    live = false;
    void begun.then(() => invoke('stop_listening', { id }));
  };
}
