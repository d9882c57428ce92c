import { fireEvent, render, screen, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Turn } from '@/ipc';
import { eachDocument } from '@/ipc/mock/each';
import { MockLibrary } from '@/ipc/mock/library';
import { setLanguage } from '@/shared/i18n';
import { type TurnActions, TurnView } from './TurnView';

const actions = { onOpen: vi.fn(), onAskEach: vi.fn() } as unknown as TurnActions;

function turn(question: string): Turn {
  const { answer } = eachDocument(new MockLibrary(90, 0).rows, question);
  return { question, standalone: null, sources: [], recalled: [], written: null, answer, asked_at_ms: 0 };
}

function show(question: string): void {
  render(<TurnView turn={turn(question)} index={0} last busy={false} few={false} actions={actions} />);
}

describe('an answer that asked each document', () => {
  beforeEach(() => setLanguage('en'));

  it('shows fifty documents under their names, each mark with its own passage', () => {
    show('List all 60 documents');
    const markdown = document.querySelector('.markdown') as HTMLElement;
    const names = [...markdown.querySelectorAll('strong')].map((name) => name.textContent);
    expect(names).toHaveLength(50);
    expect(names[0]).toBe('Lease-2024.pdf');
    const marks = within(markdown).getAllByRole('button');
    expect(marks.length).toBeGreaterThan(60);
    fireEvent.click(marks.at(-1) as HTMLElement);
    expect(vi.mocked(actions.onOpen).mock.calls[0]?.[0]).toMatchObject({ n: 50, title: names[49] });
    expect(screen.getByText(/^60 of \d+ documents say something about this, 50 of them are quoted\.$/)).toBeTruthy();
    expect(document.querySelectorAll('.doubtful')).toHaveLength(0);
  });

  it('lists the first of many sources, and all when told to', () => {
    show('List all 60 documents');
    expect(document.querySelectorAll('.citation-list .cite')).toHaveLength(10);
    fireEvent.click(screen.getByRole('button', { name: 'Show all 50 sources' }));
    expect(document.querySelectorAll('.citation-list .cite')).toHaveLength(50);
    expect(document.activeElement?.querySelector('.cite')?.textContent).toBe('11');
  });

  it('says it in German, and of one document in the singular', () => {
    setLanguage('de');
    show('List all 1 documents');
    expect(screen.getByText(/^1 von \d+ Dokumenten sagt etwas dazu\.$/)).toBeTruthy();
  });
});
