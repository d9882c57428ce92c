import type { Tile } from '../backend';
import type { DocumentRow, Page, WordBox } from '../types';

const FILLER = [
  'The landlord lets the dwelling on the second floor, consisting of three rooms, kitchen, hall, bathroom and cellar, to the tenant for residential use only.',
  'The tenant pays the monthly rent in advance, at the latest on the third working day of each month, to the account named in the annex.',
  'Operating costs are shared by floor area unless a statutory rule prescribes another key; the statement reaches the tenant within twelve months of the period.',
  'Minor repairs up to one hundred euros in the single case are borne by the tenant, in all no more than eight per cent of the yearly net rent.',
  'Changes to the building, such as the removal of walls or the laying of new floors, need the written consent of the landlord beforehand.',
  'The keys handed over are listed in the record of inspection, which both parties sign and which is part of this contract.',
];

/** Sentences that sample answers cite, by page of the lease. */
export const PASSAGES: Record<number, string> = {
  7: 'The tenant may terminate this lease before its end after 24 months, with three months’ notice given in writing.',
  9: 'If the lease is ended early, a fee of two monthly rents is due unless the tenant names a suitable successor.',
  12: 'The deposit of three net rents is returned within six months after the dwelling was handed back.',
};

const WIDTH = 595;
const HEIGHT = 842;
const LEFT = 72;
const LINE = 17;
const SIZE = 11;
const GLYPH = 5.35;

/** Text of a page with a rectangle a word: one invented page after another, laid out as a simple typesetter would. */
export function mockPage(row: DocumentRow, number: number): Page {
  const heading = `§ ${number} ${['Premises', 'Rent', 'Costs', 'Repairs', 'Alterations', 'Keys'][number % 6] ?? 'Terms'}`;
  const sentences: string[] = [];
  for (let i = 0; i < 9; i++) sentences.push(FILLER[(number * 3 + i) % FILLER.length] ?? '');
  const passage = PASSAGES[number];
  if (passage) sentences.splice(3, 0, passage);
  const text = `${heading}\n${sentences.join(' ')}`;
  const drawn = row.drawable;
  return {
    number,
    text,
    headings: [{ level: 1, span: { start: 0, end: [...heading].length } }],
    drawable: drawn && !row.changed,
    recognised: false,
    words: drawn ? layOut(text, [...heading].length) : [],
    size: drawn ? [WIDTH, HEIGHT] : null,
  };
}

function layOut(text: string, headingLength: number): WordBox[] {
  const words: WordBox[] = [];
  let x = LEFT;
  let y = 96;
  for (const match of text.matchAll(/\S+/gu)) {
    const start = [...text.slice(0, match.index)].length;
    const length = [...match[0]].length;
    const width = length * GLYPH;
    if (x + width > WIDTH - LEFT || (start > headingLength && y === 96)) {
      x = LEFT;
      y = y === 96 ? 132 : y + LINE;
    }
    words.push({ span: { start, end: start + length }, rect: { x0: x, y0: y - SIZE, x1: x + width, y1: y + 3 } });
    x += width + GLYPH;
  }
  return words;
}

/** Draws the page, or a tile of it, as the parse worker would. */
export async function drawPage(page: Page, scale: number, tile?: Tile): Promise<Blob> {
  const [width, height] = page.size ?? [WIDTH, HEIGHT];
  const canvas = document.createElement('canvas');
  canvas.width = tile?.[2] ?? Math.round(width * scale);
  canvas.height = tile?.[3] ?? Math.round(height * scale);
  const context = canvas.getContext('2d');
  if (context) {
    context.fillStyle = '#fffefb';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.translate(-(tile?.[0] ?? 0), -(tile?.[1] ?? 0));
    context.fillStyle = '#22201c';
    const characters = [...page.text];
    for (const { span, rect } of page.words) {
      const heading = rect.y0 < 100;
      context.font = `${heading ? 600 : 400} ${SIZE * scale}px Georgia, serif`;
      const word = characters.slice(span.start, span.end).join('');
      context.fillText(word, rect.x0 * scale, (rect.y1 - 3) * scale, (rect.x1 - rect.x0) * scale);
    }
    context.font = `${9 * scale}px Georgia, serif`;
    context.fillText(String(page.number), (width / 2) * scale, (height - 40) * scale);
  }
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(blob ?? new Blob()), 'image/png'));
}
