import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { remote } from 'webdriverio';
import { DocMind } from './docmind';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const SAMPLES = join(ROOT, 'assets/samples');
export const ARTIFACTS = fileURLToPath(new URL('./artifacts/', import.meta.url));
const HANDS = fileURLToPath(new URL('./hands.py', import.meta.url));
/** Unset where it could not be had: then the window is driven by WebKit's driver itself, which tauri-driver stands before. */
const TAURI_DRIVER = process.env.TAURI_DRIVER;
const BINARIES = process.env.DOCMIND_BIN_DIR ?? join(ROOT, 'target/debug');
/** A system of its own in which the package is installed (`cargo xtask bundle --prove`). */
const ROOT_OF_SYSTEM = process.env.DOCMIND_ROOT;
const PROGRAM = ROOT_OF_SYSTEM ? '/usr/bin/docmind-app' : join(BINARIES, 'docmind-app');

/** Long, because two busy cores are slow; what is waited for ends each wait. */
export const PATIENCE = 540_000;

export function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

/** Waits until `look` gives something; says what was waited for. */
export async function until<T>(what: string, look: () => T | Promise<T>, patience = PATIENCE): Promise<NonNullable<T>> {
  const end = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${patience / 1000} s in vain: ${what}`);
    await sleep(50);
  }
}

/** What a desktop gives to an installed program: nothing of this repository. */
function installed(): NodeJS.ProcessEnv {
  const { DISPLAY, XAUTHORITY, TMPDIR } = process.env;
  return { DISPLAY, XAUTHORITY, TMPDIR, HOME: '/root', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
}

async function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Children of a process, by name. */
export function children(pid: number): { pid: number; name: string }[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const status = readFileSync(`/proc/${entry}/status`, 'utf8');
        const parent = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]);
        const name = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0')[0]?.split('/').at(-1) ?? '';
        return parent === pid ? [{ pid: Number(entry), name }] : [];
      } catch {
        return []; // It ended meanwhile.
      }
    });
}

/** The unit of times in `/proc`. */
export const CLOCK_TICK_MS = 10;

/** Fields of `/proc/PID/stat` after the name; the third of proc(5) first. */
export function stat(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
}

/** Since a process began, in ms. */
function age(pid: number): number {
  const up = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
  return up - (stat(pid)[19] ?? 0) * CLOCK_TICK_MS;
}

/** A folder of its own, the drivers, and real windows of the real program. `DISPLAY` is the caller's (`cargo xtask desktop`). */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'docmind-desktop-'));
  readonly hasDisplay = Boolean(process.env.DISPLAY);
  private driver: ChildProcess | null = null;
  private port = 0;
  private readonly open: DocMind[] = [];
  private readonly started: ChildProcess[] = [];

  /** Starts the drivers. */
  async begin(): Promise<this> {
    if (!this.hasDisplay) throw new Error('there is no display: run `cargo xtask desktop`');
    mkdirSync(ARTIFACTS, { recursive: true });
    this.placeBrowser();
    this.port = await freePort();
    const native = await freePort();
    const log = openSync(join(this.folder, 'driver.log'), 'w');
    const words = TAURI_DRIVER
      ? [TAURI_DRIVER, '--port', `${this.port}`, '--native-port', `${native}`]
      : ['WebKitWebDriver', `--port=${this.port}`, '--host=127.0.0.1'];
    const inside = ROOT_OF_SYSTEM ? ['chroot', ROOT_OF_SYSTEM] : [];
    const [first = '', ...rest] = [...inside, 'dbus-run-session', '--', ...words];
    this.driver = spawn(first, rest, {
      // As tauri-driver does: the window lets itself be driven.
      env: { ...this.environment(), TAURI_WEBVIEW_AUTOMATION: 'true' },
      stdio: ['ignore', log, log],
      detached: true,
    });
    await until('the driver listens', async () => {
      // On a connection of its own, read to its end: WebKit's driver answers nobody else while one is open.
      const answer = await fetch(`http://127.0.0.1:${this.port}/status`, { headers: { connection: 'close' } })
        .then((reply) => reply.text())
        .catch(() => null);
      return answer !== null;
    });
    return this;
  }

  environment(): NodeJS.ProcessEnv {
    const at = (name: string): string => join(this.folder, name);
    return {
      ...(ROOT_OF_SYSTEM
        ? installed()
        : { ...process.env, DOCMIND_SAMPLES_DIR: SAMPLES, PATH: `${at('bin')}:${process.env.PATH}` }),
      XDG_CONFIG_HOME: at('config'),
      XDG_CACHE_HOME: at('cache'),
      XDG_DATA_HOME: at('share'),
      LANG: 'C.UTF-8',
    };
  }

  /** The system's opener of addresses: this one only writes them down. */
  private placeBrowser(): void {
    mkdirSync(this.path('bin'));
    const script = `#!/bin/sh\nprintf '%s\\n' "$1" >> '${this.path('opened')}'\n`;
    writeFileSync(this.path('bin', 'xdg-open'), script, { mode: 0o755 });
  }

  /** Addresses that the system was asked to open. */
  opened(): string[] {
    const kept = this.path('opened');
    return existsSync(kept) ? readFileSync(kept, 'utf8').split('\n').slice(0, -1) : [];
  }

  /** A folder inside the stage's. */
  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Opens the window on a data folder and waits until it can be used. */
  async docmind(data: string, ...paths: string[]): Promise<DocMind> {
    const others = programsOn(data);
    const program = { [TAURI_DRIVER ? 'application' : 'binary']: PROGRAM, args: ['--data-dir', data, ...paths] };
    const browser = await remote({
      hostname: '127.0.0.1',
      port: this.port,
      logLevel: 'error',
      connectionRetryTimeout: PATIENCE,
      connectionRetryCount: 0,
      capabilities: {
        'wdio:enforceWebDriverClassic': true,
        [TAURI_DRIVER ? 'tauri:options' : 'webkitgtk:browserOptions']: program,
      } as WebdriverIO.Capabilities,
    });
    const pid = await until('the program runs', () => programsOn(data).find((found) => !others.includes(found)));
    const docmind = new DocMind(browser, data, pid);
    this.open.push(docmind);
    await docmind.usable();
    docmind.startMs = age(pid);
    return docmind;
  }

  /** Starts the program as a person's desktop does, without a driver. */
  start(data: string): ChildProcess {
    const program = spawn(PROGRAM, ['--data-dir', data], { env: this.environment(), stdio: 'ignore' });
    this.started.push(program);
    return program;
  }

  /** A tiny model of random weights: a grammar makes it say what a test wants. */
  model(weights: 'q4_k_m' | 'f16'): string {
    const file = this.path(`tiny-${weights}.gguf`);
    const words = ['make-model', '--shape', 'tiny', '--weights', weights, '--out', file];
    if (!existsSync(file)) execFileSync(join(BINARIES, 'docmind-generate'), words, { stdio: 'pipe' });
    return file;
  }

  /** Ends everything; `last` is done before the folder goes. */
  async end(last?: () => void): Promise<void> {
    for (const docmind of this.open) await docmind.abandon();
    for (const program of this.started) program.kill('SIGKILL');
    if (this.driver?.pid) process.kill(-this.driver.pid);
    await sleep(300);
    last?.();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Processes of the program on a data folder. */
function programsOn(data: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      try {
        const [program, ...words] = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
        return program === PROGRAM && words.includes(data);
      } catch {
        return false; // It ended meanwhile.
      }
    })
    .map(Number);
}

/** The number of the first visible X window of a program with this title. */
export function xWindow(pid: number, title: string): string | null {
  try {
    const words = ['search', '--all', '--onlyvisible', '--pid', `${pid}`, '--name', `^${title}$`];
    const found = execFileSync('xdotool', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return found.trim().split('\n')[0] || null;
  } catch {
    return null;
  }
}

function hands(...words: string[]): ChildProcess {
  return spawn('/usr/bin/python3', [HANDS, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Gives the application's window another size, as a hand at its corner does. */
export async function resizeWindow(pid: number, width: number, height: number): Promise<void> {
  const xid = await until('the window is on the screen', () => xWindow(pid, '.*DocMind'));
  execFileSync('xdotool', ['windowsize', xid, `${width}`, `${height}`]);
}

/** Presses the close button of the application's window. */
export async function closeWindow(pid: number): Promise<void> {
  const xid = await until('the window is on the screen', () => xWindow(pid, '.*DocMind'));
  const closing = hands('close', xid);
  await new Promise((done) => closing.once('exit', done));
}

/** Text in the desktop's clipboard. */
export function clipboard(): string {
  return execFileSync('/usr/bin/python3', [HANDS, 'clipboard'], { encoding: 'utf8', timeout: 20_000 });
}

/** Answers the file dialog with a path. */
export async function answerDialog(pid: number, title: string, path: string): Promise<void> {
  const xid = await until(`the dialog \`${title}\` is on the screen`, () => xWindow(pid, title));
  execFileSync('xdotool', ['windowfocus', '--sync', xid]);
  await until('the dialog is gone', async () => {
    if (!xWindow(pid, title)) return true;
    // A path typed into the list opens a field for it. Should keys have come too early, the next round types them again.
    execFileSync('xdotool', ['key', 'ctrl+a']);
    execFileSync('xdotool', ['type', '--delay', '15', path]);
    await sleep(800);
    execFileSync('xdotool', ['key', 'Return']);
    await sleep(1500);
    return !xWindow(pid, title);
  });
}

/** Drags files from another window over the application's, calls `over` while they hang there, and drops them. */
export async function dropFiles(paths: string[], over: () => Promise<void>): Promise<void> {
  const mouse = (...words: (string | number)[]): unknown => execFileSync('xdotool', words.map(String));
  const source = hands('drag', '1420', '60', ...paths);
  let said = '';
  source.stdout?.on('data', (data) => {
    said += data;
  });
  await until('the window to drag from is drawn', () => said.includes('shown'));
  await until('the drag has begun', async () => {
    mouse('mousemove', 1480, 100, 'mousedown', 1);
    for (const x of [1478, 1470, 1455, 1440]) {
      mouse('mousemove', x, 110);
      await sleep(60);
    }
    if (said.includes('begun')) return true;
    mouse('mouseup', 1);
    return false;
  });
  for (const x of [1300, 1200, 1000, 800]) {
    mouse('mousemove', x, 300);
    await sleep(80);
  }
  let x = 700;
  // A hand that is never quite still: what hangs over the window is told anew with each move.
  const hand = setInterval(() => {
    x = x === 700 ? 702 : 700;
    mouse('mousemove', x, 300);
  }, 300);
  try {
    await over();
  } finally {
    clearInterval(hand);
    mouse('mouseup', 1);
  }
  await until('the files are dropped', () => source.exitCode !== null);
  // Off the window: a pointer that rests on it calls up tips, which would lie black over every picture.
  mouse('mousemove', 1500, 900);
}
