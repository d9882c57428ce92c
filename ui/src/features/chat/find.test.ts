import { describe, expect, it } from 'vitest';
import type { Turn } from '@/ipc';
import { byAge } from './age';
import { hitsIn, useFind } from './find';
import { useChat } from './store';

const turn = (question: string, text: string): Turn => ({ question, answer: { text } }) as unknown as Turn;

describe('the search in a conversation', () => {
  const turns = [
    turn('When does it end?', 'After **24 months** [1], in writing [2].'),
    turn('And the fee?', 'Two months.'),
  ];

  it('finds what is read, in questions and answers, and not the marks between', () => {
    expect(hitsIn(turns, 'MONTHS')).toEqual([
      { turn: 0, nth: 0 },
      { turn: 1, nth: 0 },
    ]);
    expect(hitsIn(turns, '24 months, in')).toHaveLength(1);
    expect(hitsIn(turns, '**')).toEqual([]);
    expect(hitsIn(turns, 'fee?')).toEqual([{ turn: 1, nth: 0 }]);
  });

  it('finds nothing in words that are not shown: an answer that was not found', () => {
    const unfound = { question: 'The moon?', answer: { mode: 'not_found', text: 'Not found in your documents.' } };
    expect(hitsIn([unfound as unknown as Turn], 'found')).toEqual([]);
    expect(hitsIn([unfound as unknown as Turn], 'moon')).toHaveLength(1);
  });

  it('looks for nothing that stands everywhere', () => {
    expect(hitsIn(turns, ' e ')).toEqual([]);
  });

  it('stays at its place when another answer is there, and begins at the last otherwise', () => {
    const find = useFind.getState;
    const at = () => find().hits[find().at];
    useChat.setState({ turns });
    find().setOpen(true);
    find().search('months');
    expect(at()).toEqual({ turn: 1, nth: 0 });
    find().step(-1);
    const here = at();
    useChat.setState({ turns: [...turns, turn('And then?', 'Three months.')] });
    expect(find().hits).toHaveLength(3);
    expect(at()).toBe(here);
    // Its turn is written anew.
    useChat.setState({ turns: [] });
    expect(find()).toMatchObject({ hits: [], at: 0 });
    useChat.setState({ turns });
    expect(at()).toEqual({ turn: 1, nth: 0 });
    find().setOpen(false);
  });
});

describe('conversations by age', () => {
  it('are gathered by the day a person means', () => {
    const noon = new Date(2026, 2, 30, 12).getTime();
    const at = (day: number, hour: number) => ({ updated_at_ms: new Date(2026, 2, day, hour).getTime() });
    // The clock was changed in the night to the 29th in Europe.
    const rows = [at(30, 0), at(29, 23), at(29, 0), at(28, 23), at(24, 1), at(23, 1)];
    expect(byAge(rows, noon).map(({ age, rows }) => [age, rows.length])).toEqual([
      ['today', 1],
      ['yesterday', 2],
      ['week', 2],
      ['earlier', 1],
    ]);
  });
});
