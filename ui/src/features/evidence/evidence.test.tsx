import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import { beforeEach, describe, expect, it } from 'vitest';
import { type EvidenceEvent, setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS } from '@/ipc/mock';
import { mockEvidence } from '@/ipc/mock/evidence';
import { EvidencePage } from './EvidencePage';
import { useEvidence } from './store';

const before = useEvidence.getInitialState();
const press = (name: string): void => void fireEvent.click(screen.getByRole('button', { name }));

describe('evidence', () => {
  beforeEach(() => useEvidence.setState(before, true));

  it('is looked up in the files, and in a folder where one is missing', async () => {
    setBackend(createMock({ ...MOCK_DEFAULTS, speed: 0 }));
    render(<EvidencePage />);
    press('Choose evidence…');
    await screen.findByText(/1 of 3 passages proven/);
    for (const word of ['Proven', 'Changed', 'Missing']) expect(screen.getByText(word)).toBeDefined();
    expect(screen.getByText('Cites nothing.')).toBeDefined();
    press('Look in a folder…');
    await screen.findByText(/2 of 3 passages proven/);
    expect(screen.queryByText('Missing')).toBeNull();
  });

  it('shows what a stranger wrote as text', async () => {
    const written = mockEvidence('/x');
    written.evidence.title = 'Lease\u202E';
    for (const turn of written.evidence.turns) turn.answer = '<img src=x onerror=alert(1)> [a](javascript:b)\u202E';
    setBackend({
      ...createMock({ ...MOCK_DEFAULTS, speed: 0 }),
      checkEvidence: (_path, _folder, listener) => {
        listener({ type: 'done', result: written });
        return { finished: Promise.resolve(), cancel: () => undefined };
      },
    });
    const { container } = render(<EvidencePage />);
    press('Choose evidence…');
    await screen.findAllByText(/onerror/);
    expect(container.querySelector('img, a')).toBeNull();
    expect(container.textContent).not.toContain('\u202E');
  });

  it('gives way to another that is opened meanwhile', async () => {
    const asked: string[] = [];
    setBackend({
      ...createMock({ ...MOCK_DEFAULTS, speed: 0 }),
      checkEvidence: (path, _folder, listener) => {
        asked.push(path);
        let stop: () => void = () => undefined;
        const stopped = new Promise<void>((resolve) => {
          stop = resolve;
        });
        // The first one never ends by itself.
        if (path !== '/first.json') {
          listener({ type: 'done', result: mockEvidence(path) });
          stop();
        }
        return { finished: stopped, cancel: stop };
      },
    });
    const { open } = useEvidence.getState();
    await Promise.all([open('/first.json'), open('/second.json'), open('/third.json')]);
    expect(asked).toEqual(['/first.json', '/third.json']);
    expect(useEvidence.getState().result).toEqual(mockEvidence('/third.json'));
    expect(useEvidence.getState().progress).toBeNull();
  });

  it('can be stopped, and says what is no evidence', async () => {
    let tell: (event: EvidenceEvent) => void = () => undefined;
    let stopped = false;
    let end: () => void = () => undefined;
    setBackend({
      ...createMock({ ...MOCK_DEFAULTS, speed: 0 }),
      checkEvidence: (_path, _folder, listener) => {
        tell = listener;
        const finished = new Promise<void>((resolve) => {
          end = resolve;
        });
        const cancel = (): void => {
          stopped = true;
        };
        return { finished, cancel };
      },
    });
    render(<EvidencePage />);
    press('Choose evidence…');
    fireEvent.click(await screen.findByRole('button', { name: 'Stop' }));
    expect(stopped).toBe(true);
    tell({ type: 'failed', error: { code: 'cancelled', message: 'Stopped.', detail: null } });
    end();
    await screen.findByText('Does it still stand in the files?');
    press('Choose evidence…');
    await waitFor(() => expect(useEvidence.getState().progress).not.toBeNull());
    tell({ type: 'failed', error: { code: 'evidence_invalid', message: '`x` is none.\nMake some.', detail: null } });
    end();
    await screen.findByRole('alert');
    await waitFor(() => expect(screen.getByRole('button', { name: 'Choose evidence…' })).toBeDefined());
  });
});
