import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChainablePromiseElement } from 'webdriverio';
import { ARTIFACTS, children, closeWindow, PATIENCE, sleep, until, xWindow } from './stage';

type Browser = WebdriverIO.Browser;

/** A GBNF grammar that allows exactly this text. */
function exactly(text: string): string {
  return `root ::= ${JSON.stringify(text)}`;
}

let pictures = 0;

/** The open window, by what a person sees in it. */
export class DocMind {
  /** From the start of the program to a usable window, in ms; what the driver takes meanwhile included. */
  startMs = 0;

  constructor(
    readonly browser: Browser,
    readonly data: string,
    readonly pid: number,
  ) {}

  /** The first page or the question field is there. */
  async usable(): Promise<void> {
    await until('the window can be used', () =>
      this.browser.execute(
        () => document.querySelector('#question, .first-start, .turn-error, [role="alert"]') !== null,
      ),
    );
  }

  /** A button, tab or line by its words or its accessible name. */
  button(name: string): ChainablePromiseElement {
    const quoted = JSON.stringify(name);
    return this.browser.$(`//button[normalize-space(.)=${quoted} or @aria-label=${quoted}]`);
  }

  async press(name: string): Promise<void> {
    const button = this.button(name);
    await button.waitForClickable({ timeout: PATIENCE, timeoutMsg: `no button “${name}” to press` });
    await button.click();
  }

  element(selector: string): ChainablePromiseElement {
    return this.browser.$(selector);
  }

  /** All visible words, or those inside a part. */
  async words(within = 'body'): Promise<string> {
    // biome-ignore lint/performance/useDomNodeTextContent: what is seen is asked for, not what the page holds
    return this.browser.execute((part) => document.querySelector<HTMLElement>(part)?.innerText ?? '', within);
  }

  /** Waits until words are there. */
  async see(text: string | RegExp, within = 'body'): Promise<void> {
    const there = (words: string): boolean => (typeof text === 'string' ? words.includes(text) : text.test(words));
    let last = '';
    await until(`“${text}” in ${within}`, async () => {
      last = await this.words(within);
      return there(last);
    }).catch((error: Error) => {
      throw new Error(`${error.message}; there is:\n${last.slice(0, 3000)}`);
    });
  }

  /** A picture of the window as it is on the screen, kept as an artefact. Not the driver's: it waits for ever for a page that rests. */
  async picture(name: string): Promise<string> {
    pictures += 1;
    const file = join(ARTIFACTS, `${String(pictures).padStart(2, '0')}-${name}.png`);
    // What was just put on the page is on the screen two frames later; a window that draws none is not waited for.
    await this.browser.executeAsync((done) => {
      setTimeout(done, 2000);
      requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50)));
    });
    await sleep(100);
    const xid = await until('the window is on the screen', () => xWindow(this.pid, '.*DocMind'));
    execFileSync('import', ['-window', xid, file], { timeout: PATIENCE });
    return file;
  }

  /** Lets the model's next answers be exactly this text: a grammar joins each question on its way to the engine. */
  async say(text: string): Promise<void> {
    await this.browser.execute((grammar) => {
      interface Told extends Window {
        grammar?: string;
      }
      const told = window as Told;
      if (told.grammar === undefined) {
        const send = window.fetch.bind(window);
        window.fetch = (to, options) => {
          if (!String(to).endsWith('/ask')) return send(to, options);
          const message = JSON.parse(String(options?.body));
          message.request.grammar = told.grammar;
          return send(to, { ...options, body: JSON.stringify(message) });
        };
      }
      told.grammar = grammar;
    }, exactly(text));
  }

  /** Calls a command of the application as its page does. */
  async command<T>(name: string, words: object = {}): Promise<T> {
    const answer = await this.browser.executeAsync(
      (command, payload, done) => {
        interface Inside extends Window {
          __TAURI_INTERNALS__: { invoke: (command: string, payload: unknown) => Promise<unknown> };
        }
        (window as unknown as Inside).__TAURI_INTERNALS__.invoke(command, payload).then(
          (value) => done({ value }),
          (refused) => done({ refused }),
        );
      },
      name,
      words,
    );
    // Not called `error`: the driver would take it for its own.
    const { value, refused } = answer as { value?: T; refused?: string | { code: string; message: string } };
    if (typeof refused === 'string') throw new Error(`${name}: ${refused}`);
    if (refused) throw new Error(`${name}: ${refused.code}: ${refused.message}`);
    return value as T;
  }

  /** Types a question and sends it. */
  async send(question: string): Promise<void> {
    const field = this.element('#question');
    await field.waitForDisplayed({ timeout: PATIENCE });
    await field.setValue(question);
    await field.addValue('\uE007');
  }

  /** Asks and waits for the finished answer; gives its words. */
  async ask(question: string): Promise<string> {
    const before = await this.turns();
    await this.send(question);
    await this.answered(before + 1);
    return this.lastTurn();
  }

  /** Finished turns on the screen. */
  async turns(): Promise<number> {
    return this.browser.execute(() => document.querySelectorAll('article.turn[aria-label]').length);
  }

  /** Waits until so many turns are finished and nothing is being written. */
  async answered(turns: number, patience = PATIENCE): Promise<void> {
    const finished = (): Promise<boolean> =>
      this.browser.execute(
        (wanted) =>
          document.querySelectorAll('article.turn[aria-label]').length >= wanted &&
          document.querySelector('article.turn[aria-busy="true"]') === null,
        turns,
      );
    await until(`${turns} finished answers`, finished, patience);
  }

  /** Words of the last turn. */
  async lastTurn(): Promise<string> {
    return this.browser.execute(
      // biome-ignore lint/performance/useDomNodeTextContent: what is seen is asked for, not what the page holds
      () => [...document.querySelectorAll<HTMLElement>('article.turn')].at(-1)?.innerText ?? '',
    );
  }

  /** Presses a line or a button of the sidebar by how its words begin. */
  async go(name: string): Promise<void> {
    const words = JSON.stringify(name);
    const line = this.element(
      `//*[@aria-label="Library and conversations"]//button[starts-with(normalize-space(.), ${words}) or @aria-label=${words}]`,
    );
    await line.waitForClickable({ timeout: PATIENCE, timeoutMsg: `no line “${name}” in the sidebar` });
    await line.click();
  }

  workers(): { pid: number; name: string }[] {
    return children(this.pid).filter(({ name }) => name.startsWith('docmind-'));
  }

  /** Names of the program's threads. */
  threads(): string[] {
    return readdirSync(`/proc/${this.pid}/task`).flatMap((thread) => {
      try {
        return [readFileSync(`/proc/${this.pid}/task/${thread}/comm`, 'utf8').trim()];
      } catch {
        return []; // It ended meanwhile.
      }
    });
  }

  get alive(): boolean {
    return existsSync(`/proc/${this.pid}`);
  }

  /** Closes the window as a person does and waits until the program has ended in order. */
  async close(): Promise<void> {
    const workers = this.workers();
    await closeWindow(this.pid);
    await this.ended(workers);
  }

  /** Waits until program and workers have ended and the library says that it was closed in order. */
  async ended(workers: { pid: number }[]): Promise<void> {
    await until('the program has ended', () => !this.alive);
    await until('its workers have ended', () => workers.every(({ pid }) => !existsSync(`/proc/${pid}`)));
    if (existsSync(join(this.data, 'open'))) throw new Error('the library was not closed in order: `open` is left');
    await this.abandon();
  }

  /** Ends the driver's session and, where it still runs, the program. */
  async abandon(): Promise<void> {
    await this.browser.deleteSession().catch(() => {});
    if (this.alive) process.kill(this.pid, 'SIGKILL');
    await until('the program is gone', () => !this.alive);
    await sleep(200);
  }
}

/** Red, green and blue of one pixel of a picture. */
export function pixel(picture: string, x: number, y: number): [number, number, number] {
  const crop = `1x1+${Math.round(x)}+${Math.round(y)}`;
  const said = execFileSync('convert', [picture, '-crop', crop, '-depth', '8', 'rgb:-']);
  return [said[0] ?? 0, said[1] ?? 0, said[2] ?? 0];
}
