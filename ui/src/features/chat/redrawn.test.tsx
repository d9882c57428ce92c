import { act, render, screen } from '@testing-library/react';
import { Profiler } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS } from '@/ipc/mock';
import { ChatPage } from './ChatPage';
import { Composer } from './Composer';
import { ConversationNav } from './ConversationNav';
import { begin } from './running';
import { useChat } from './store';

const drawn: string[] = [];

vi.mock('@/shared/ui/IconButton', async (load) => {
  const { IconButton } = await load<typeof import('@/shared/ui/IconButton')>();
  return {
    IconButton: (properties: Parameters<typeof IconButton>[0]) => {
      drawn.push(properties.label);
      return IconButton(properties);
    },
  };
});

const nothing = (): void => undefined;

// Turns are drawn that are in sight: jsdom lays nothing out, so every box gets a size.
for (const [name, value] of Object.entries({
  offsetHeight: 600,
  clientHeight: 600,
  offsetWidth: 800,
  clientWidth: 800,
}))
  Object.defineProperty(HTMLElement.prototype, name, { configurable: true, value });

describe('while an answer streams', () => {
  it('only the answer is drawn again', async () => {
    setBackend(createMock({ ...MOCK_DEFAULTS, speed: 0, documents: 12 }));
    await act(() => useChat.getState().loadList());
    const note = (name: string): void => void drawn.push(name);
    render(
      <>
        <Profiler id="list" onRender={note}>
          <ConversationNav active onShow={nothing} onNew={nothing} />
        </Profiler>
        <ChatPage
          documents={12}
          ready={12}
          collections={[]}
          empty={null}
          onOpen={nothing}
          onOpenSource={nothing}
          onOpenPassage={nothing}
          onChoose={nothing}
          onSearch={nothing}
          onNew={nothing}
        />
        <Profiler id="composer" onRender={note}>
          <Composer documents={12} ready={12} collections={[]} onChoose={nothing} />
        </Profiler>
      </>,
    );
    const running = begin('When does it end?', 0);
    act(() => useChat.setState({ running: { ...running, text: 'After' } }));
    await screen.findByText('After');
    drawn.length = 0;
    for (const text of ['After 24', 'After 24 months', 'After 24 months.'])
      act(() => useChat.setState({ running: { ...running, text } }));
    expect(screen.getByText('After 24 months.')).toBeTruthy();
    expect(drawn).toEqual([]);
  });
});
