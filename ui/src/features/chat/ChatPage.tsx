import { Search, SquarePen } from 'lucide-react';
import { useShallow } from 'zustand/react/shallow';
import type { Citation, Source, TracePassage } from '@/ipc';
import { t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { FindField } from '@/shared/ui/FindField';
import { IconButton } from '@/shared/ui/IconButton';
import { InlineEdit } from '@/shared/ui/InlineEdit';
import { ErrorState } from '@/shared/ui/states';
import { Composer } from './Composer';
import { ConversationMenu } from './ConversationMenu';
import { useFind } from './find';
import { useChat } from './store';
import { Transcript } from './Transcript';
import { Welcome } from './Welcome';
import { WhyDrawer } from './WhyDrawer';

interface Properties {
  /** `null` until they are counted. */
  documents: number | null;
  /** Those of them that are read. */
  ready: number | null;
  collections: readonly { id: number; name: string; documents: number }[];
  /** Shown instead of suggestions while there is nothing to ask about, as far as is known. */
  empty: React.ReactNode;
  onOpen: (citation: Citation, all: readonly Citation[]) => void;
  onOpenSource: (source: Source) => void;
  onOpenPassage: (passage: TracePassage) => void;
  /** Leads to the library, where documents are chosen. */
  onChoose: () => void;
  /** Opens the palette. */
  onSearch: () => void;
  /** Begins a conversation; absent while the side bar, which has the button for that, is open. */
  onNew?: () => void;
}

function Head({ onSearch, onNew }: Pick<Properties, 'onSearch' | 'onNew'>) {
  const { id, title, renaming, rename, setRenaming } = useChat(
    useShallow(({ id, title, renaming, rename, setRenaming }) => ({ id, title, renaming, rename, setRenaming })),
  );
  return (
    <header className="page-head">
      {renaming && id !== null ? (
        <InlineEdit
          value={title}
          label={t('chat.title')}
          onCancel={() => setRenaming(false)}
          onCommit={(name) => {
            setRenaming(false);
            void rename(id, name);
          }}
        />
      ) : (
        <h1 className="clip" dir="auto">
          {title ? tameName(title) : t('chat.new')}
        </h1>
      )}
      <div className="spacer" />
      {onNew && (
        <IconButton label={t('chat.new')} onPress={onNew}>
          <SquarePen size={16} aria-hidden />
        </IconButton>
      )}
      <IconButton label={t('command.palette')} onPress={onSearch}>
        <Search size={16} aria-hidden />
      </IconButton>
      {id !== null && <ConversationMenu id={id} label={t('chat.actions')} onRename={() => setRenaming(true)} />}
    </header>
  );
}

function Find() {
  const { open, query, hits, at, search, step, setOpen } = useFind();
  if (!open) return null;
  return (
    <FindField
      label={t('chat.find')}
      query={query}
      found={hits.length}
      at={at}
      onFind={search}
      onStep={step}
      onClose={() => setOpen(false)}
    />
  );
}

/** A conversation: its title, its turns, and where the next question is written. */
export function ChatPage({
  documents,
  ready,
  collections,
  empty,
  onOpen,
  onOpenSource,
  onOpenPassage,
  onChoose,
  onSearch,
  onNew,
}: Properties) {
  const { id, loading, error, why, open, explain } = useChat(
    useShallow(({ id, loading, error, why, open, explain }) => ({ id, loading, error, why, open, explain })),
  );
  const nothing = useChat(({ turns, running }) => turns.length === 0 && !running);
  const explained = useChat(({ turns }) => (why ? (turns[why.turn]?.answer ?? null) : null));
  return (
    <section className="page chat-page" aria-label={t('chat.conversation')}>
      <Head onSearch={onSearch} {...(onNew && { onNew })} />
      <Find />
      {error ? (
        <ErrorState error={error} {...(id !== null && { onRetry: () => void open(id) })} />
      ) : loading ? (
        <p className="state-view quiet" role="status">
          {t('chat.loading')}
        </p>
      ) : nothing ? (
        <Welcome empty={empty} documents={documents} />
      ) : (
        <Transcript onOpen={onOpen} onOpenSource={onOpenSource} onWhy={explain} />
      )}
      <Composer documents={documents} ready={ready} collections={collections} onChoose={onChoose} />
      {why && (
        <WhyDrawer
          conversation={why.conversation}
          turn={why.turn}
          each={Boolean(explained?.coverage)}
          written={explained?.mode === 'generated'}
          onOpen={onOpenPassage}
          onClose={() => explain(null)}
        />
      )}
    </section>
  );
}
