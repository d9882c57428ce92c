import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { DocMind } from './docmind';
import { Stage, until } from './stage';

// What goes wrong around the window, each in a library of its own.

const stage = new Stage();
let docmind: DocMind | null = null;
const mounted: string[] = [];

beforeAll(async () => {
  await stage.begin();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await docmind?.picture(`failed-${task.name.replace(/\W+/g, '-')}`).catch(() => {});
  await docmind?.abandon();
  docmind = null;
});

afterAll(async () => {
  await stage.end(() => {
    for (const folder of mounted) spawnSync('umount', ['-l', folder]);
  });
});

test('a library that another window has open says so, and the first window ends in order when told to', async () => {
  const data = stage.path('shared');
  const first = stage.start(data);
  await until('the first window has the library', () => existsSync(join(data, 'open')));
  docmind = await stage.docmind(data);
  await docmind.see(/library is in use|has this library open/);
  await docmind.picture('library-in-use');
  first.kill('SIGTERM');
  await until('the first window has ended', () => first.exitCode !== null || first.signalCode !== null);
  expect(first.exitCode, 'it ended by itself, not by the signal').toBe(0);
  expect(existsSync(join(data, 'open')), 'the library was closed in order').toBe(false);
  await docmind.press('Retry');
  await docmind.see('Welcome to DocMind');
});

/** A small disk of its own; `null`, said aloud, where nobody may mount one. */
function smallDisk(size: string): string | null {
  const folder = stage.path('small-disk');
  mkdirSync(folder);
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'docmind-test', folder]);
  if (mount.status !== 0) {
    process.stdout.write('  LEFT OUT: a small disk can be mounted by root alone\n');
    return null;
  }
  mounted.push(folder);
  return folder;
}

/** Fills a disk but for so many bytes. */
function fill(disk: string, but: number): string {
  const ballast = join(disk, 'ballast');
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(ballast, Buffer.alloc(bavail * bsize - but));
  return ballast;
}

test('a full disk stops the reading with a reason, and it goes on when there is room', async () => {
  const disk = smallDisk('64m');
  if (!disk) return;
  const papers = stage.path('papers');
  mkdirSync(papers);
  const count = 12;
  for (let n = 0; n < count; n++) {
    const lines = Array.from({ length: 60 }, (_, line) => `Barrel ${n}-${line} holds vintage ${n * 1000 + line}.`);
    writeFileSync(join(papers, `cellar-${n}.txt`), lines.join(' '));
  }
  docmind = await stage.docmind(join(disk, 'library'));
  await docmind.press('Start');
  const ballast = fill(disk, 64 * 1024);
  await docmind.command('add_paths', { paths: [papers] }).catch(() => {}); // Perhaps not even the names find room.
  await docmind.go('All documents');
  await docmind.see(/The disk[^\n]*is full[\s\S]*Try again/i);
  await docmind.picture('disk-full');
  rmSync(ballast);
  await docmind.press('Try again');
  await docmind.command('add_paths', { paths: [papers] });
  const window = docmind;
  await until('all are read', async () => (await window.command<{ ready: number }>('summary')).ready === count);
  await docmind.picture('disk-full-mended');
});
