import { ChatPage } from '@/features/chat/ChatPage';
import { EvidencePage } from '@/features/evidence/EvidencePage';
import { LibraryPage, WithoutDocuments } from '@/features/library/LibraryPage';
import { useLibrary } from '@/features/library/store';
import { ModelsPage } from '@/features/models/ModelsPage';
import { ProfileChoice } from '@/features/models/ProfileChoice';
import { useModels } from '@/features/models/store';
import { BenchmarkPage } from '@/features/performance/BenchmarkPage';
import { SettingsPage } from '@/features/settings/SettingsPage';
import {
  askAbout,
  chooseEmbedder,
  newConversation,
  openCitation,
  openPassage,
  openSource,
  readDocument,
  recogniseScans,
} from './actions';
import { useLayout } from './layout';
import { ShortcutsPage } from './ShortcutsPage';

/** The page in the middle of the window. */
export function Main() {
  const view = useLayout((state) => state.view);
  const show = useLayout((state) => state.show);
  const sidebar = useLayout((state) => state.sidebar);
  const documents = useLibrary((state) => state.summary?.documents ?? null);
  const ready = useLibrary((state) => state.summary?.ready ?? null);
  const collections = useLibrary((state) => state.collections);
  const { plans, planError, models, error, load } = useModels();
  switch (view) {
    case 'chat':
      return (
        <ChatPage
          documents={documents}
          ready={ready}
          collections={collections}
          empty={<WithoutDocuments />}
          onOpen={openCitation}
          onOpenSource={openSource}
          onOpenPassage={openPassage}
          onChoose={() => show('library')}
          onSearch={() => useLayout.getState().set({ palette: true })}
          {...(!sidebar && { onNew: newConversation })}
        />
      );
    case 'library':
      return (
        <LibraryPage
          onOpen={readDocument}
          onAsk={askAbout}
          onChooseEmbedder={chooseEmbedder}
          onRecognise={() => void recogniseScans()}
        />
      );
    case 'settings':
      return (
        <SettingsPage
          profile={<ProfileChoice />}
          onModels={() => show('models')}
          onShortcuts={() => show('shortcuts')}
        />
      );
    case 'models':
      return <ModelsPage />;
    case 'benchmark':
      return (
        <BenchmarkPage
          profiles={
            plans?.map((plan) => ({ name: plan.profile.name, runnable: plan.fits && plan.missing === null })) ?? null
          }
          error={error ?? planError}
          onRetry={() => void load()}
          hasModel={models?.some((model) => model.active) ?? true}
          onModels={() => show('models')}
        />
      );
    case 'evidence':
      return <EvidencePage />;
    case 'shortcuts':
      return <ShortcutsPage />;
  }
}
