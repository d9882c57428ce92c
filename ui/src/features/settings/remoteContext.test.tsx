import { act, cleanup, render, screen } from '@testing-library/react';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Settings, setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS } from '@/ipc/mock';
import { AnswerSettings } from './AnswerSettings';
import { useSettings } from './store';

const START = useSettings.getInitialState();

function Shown() {
  const { settings, change } = useSettings();
  return settings && <AnswerSettings settings={settings} change={(changed) => void change(changed)} />;
}

function change(changed: Partial<Settings>): Promise<void> {
  return act(() => useSettings.getState().change(changed));
}

beforeEach(async () => {
  cleanup();
  useSettings.setState(START, true);
  setBackend(createMock({ ...MOCK_DEFAULTS, speed: 0 }));
  render(<Shown />);
  await act(() => useSettings.getState().load());
});

describe('the context of a server', () => {
  it('is what the server says, of which not all is used', async () => {
    await change({ backend: 'ollama', remote_url: 'http://localhost:11434', remote_model: 'qwen3:4b' });
    expect((await screen.findByRole('status')).textContent).toBe(
      'The server says 40,960 tokens; 16,384 of them are used.',
    );
    await change({ backend: 'open_ai' });
    await screen.findByText('The server does not say; 8,192 tokens are assumed.');
  });

  it('is not asked for where none is named or a person has set it', async () => {
    await change({ backend: 'ollama', remote_url: 'http://localhost:11434' });
    expect(screen.queryByRole('status')).toBeNull();
    await change({ remote_model: 'qwen3:4b', remote_context_tokens: 16_384 });
    expect(screen.queryByRole('status')).toBeNull();
    await change({ remote_context_tokens: 0 });
    await screen.findByRole('status');
  });
});
