import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import type { DocMind } from './docmind';
import { CLOCK_TICK_MS, children, SAMPLES, Stage, sleep, stat, until } from './stage';

// `cargo xtask desktop figures`: measured, printed beside what is aimed at, never asserted: the machine may be busy.

const STARTS = 5;
const NOTES = 400;
const IDLE_S = 30;

const stage = new Stage();

beforeAll(async () => {
  await stage.begin();
});

afterAll(async () => {
  await stage.end();
});

function tell(what: string, value: string, aim: string): void {
  process.stdout.write(`  ${what.padEnd(52)}${value.padStart(12)}   aim ${aim}\n`);
}

/** A process and all that it started. */
function family(pid: number): number[] {
  return [pid, ...children(pid).flatMap((child) => family(child.pid))];
}

/** Proportional set size, in MiB. */
function pss(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0; // It ended meanwhile.
  }
}

/** Processor time of a family, in ms. */
function cpu(pid: number): number {
  return family(pid).reduce((sum, member) => {
    const fields = stat(member);
    return sum + ((fields[11] ?? 0) + (fields[12] ?? 0)) * CLOCK_TICK_MS;
  }, 0);
}

function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Gaps between animation frames while a part of the page is scrolled to its end and back for some seconds. */
async function scrollGaps(docmind: DocMind, part: string): Promise<number[]> {
  const answer = await docmind.browser.executeAsync((selector, done) => {
    const element = document.querySelector(selector);
    if (!element) return done([]);
    const gaps: number[] = [];
    let last = performance.now();
    const began = last;
    let step = 60;
    const frame = (now: number): void => {
      gaps.push(now - last);
      last = now;
      element.scrollTop += step;
      if (element.scrollTop + element.clientHeight >= element.scrollHeight - 2 || element.scrollTop <= 0) step = -step;
      if (now - began < 6000) requestAnimationFrame(frame);
      else done(gaps.slice(1));
    };
    requestAnimationFrame(frame);
  }, part);
  return answer as number[];
}

test('figures', { timeout: 900_000 }, async () => {
  const data = stage.path('library');
  process.stdout.write(
    `\nload of the machine before: ${loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')}\n`,
  );
  let docmind = await stage.docmind(data);
  await docmind.press('Start');
  await docmind.command('add_paths', { paths: [SAMPLES] });
  const window = docmind;
  await until('the samples are read', async () => (await window.command<{ ready: number }>('summary')).ready === 7);
  await docmind.close();

  const starts: number[] = [];
  for (let n = 0; n < STARTS; n++) {
    docmind = await stage.docmind(data);
    starts.push(docmind.startMs);
    if (n < STARTS - 1) await docmind.close();
  }
  tell(`start to a usable window, median of ${STARTS}`, `${(quantile(starts, 0.5) / 1000).toFixed(2)} s`, '1.5 s');
  tell('  the fastest and the slowest', starts.map((ms) => (ms / 1000).toFixed(2)).join(' '), '');

  await sleep(10_000);
  const [before, began] = [cpu(docmind.pid), Date.now()];
  await sleep(IDLE_S * 1000);
  const share = (100 * (cpu(docmind.pid) - before)) / (Date.now() - began);
  tell(`idle, processor, over ${IDLE_S} s`, `${share.toFixed(2)} %`, '< 1 %');
  const members = family(docmind.pid);
  tell(
    'idle, memory (PSS) of all its processes',
    `${members.reduce((sum, pid) => sum + pss(pid), 0).toFixed(0)} MiB`,
    '≤ 400 MB',
  );
  tell('idle, memory (PSS) of the application', `${pss(docmind.pid).toFixed(0)} MiB`, '≤ 150 MB');
  for (const member of members) {
    const name = readFileSync(`/proc/${member}/comm`, 'utf8').trim();
    tell(`  ${name}`, `${pss(member).toFixed(0)} MiB`, '');
  }

  const notes = stage.path('notes');
  mkdirSync(notes);
  for (let n = 0; n < NOTES; n++)
    writeFileSync(join(notes, `note-${n}.txt`), `Note ${n}: shelf ${n % 17} holds the maps of parish ${n}.`);
  await docmind.command('add_paths', { paths: [notes] });
  const ready = docmind;
  await until(
    'the notes are read',
    async () => (await ready.command<{ ready: number }>('summary')).ready === 7 + NOTES,
    600_000,
  );
  await docmind.go('All documents');
  await docmind.see(`${7 + NOTES} documents`);
  await sleep(3000);
  const gaps = await scrollGaps(docmind, '.document-rows');
  tell(`scrolling ${7 + NOTES} documents, p95 between frames`, `${quantile(gaps, 0.95).toFixed(0)} ms`, '≤ 34 ms');
  tell('  the middle, the longest', `${quantile(gaps, 0.5).toFixed(0)}, ${Math.max(...gaps).toFixed(0)} ms`, '');
  process.stdout.write(
    `load of the machine after: ${loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')}\n`,
  );
  await docmind.close();
});
