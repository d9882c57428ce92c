import { type FormEvent, useId, useState } from 'react';
import type { ErrorReport, Profile } from '@/ipc';
import { t } from '@/shared/i18n';
import { isComposing } from '@/shared/ui/composing';
import { ErrorText } from '@/shared/ui/states';
import { useFocusBack } from '@/shared/ui/useFocusBack';
import { ProfileParameters } from './ProfileParameters';
import { useModels } from './store';

interface Properties {
  /** What the fields hold at first. */
  from: Profile;
  /** The profile that is changed; `null` where a new one is made. */
  replaces: string | null;
  onSaved: (name: string) => void;
  onCancel: () => void;
}

/** An emptied field is no number, which cannot be sent. */
function hasAllNumbers({ context_tokens, n_batch, n_ubatch, threads, offload }: Profile): boolean {
  const numbers = [context_tokens, n_batch, n_ubatch, threads, offload.kind === 'layers' ? offload.layers : 0];
  return numbers.every((number) => Number.isInteger(number) && number >= 0);
}

/** A profile of one's own: every parameter, with what it does. What the engine refuses is said and nothing is lost. */
export function ProfileEditor({ from, replaces, onSaved, onCancel }: Properties) {
  const save = useModels((state) => state.saveProfile);
  const [draft, setDraft] = useState(from);
  const [error, setError] = useState<ErrorReport | null>(null);
  useFocusBack('.profile-option input:checked');
  const name = useId();
  const summary = useId();
  const change = (part: Partial<Profile>): void => {
    setDraft({ ...draft, ...part });
    setError(null);
  };
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const profile = { ...draft, name: draft.name.trim().replace(/\s+/g, '-') };
    if (!hasAllNumbers(profile)) {
      setError({ code: 'invalid_profile', message: t('profile.not_a_number'), detail: null });
      return;
    }
    const refused = await save(profile, replaces);
    setError(refused);
    if (refused === null) onSaved(profile.name);
  };
  return (
    <form
      className="profile-editor"
      noValidate
      aria-label={t(replaces === null ? 'profile.copy' : 'profile.change')}
      onSubmit={(event) => void submit(event)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || isComposing(event)) return;
        event.stopPropagation();
        onCancel();
      }}
    >
      <div className="profile-editor-words">
        <label htmlFor={name}>{t('profile.own_name')}</label>
        <input
          id={name}
          className="field"
          autoComplete="off"
          spellCheck={false}
          maxLength={64}
          // biome-ignore lint/a11y/noAutofocus: the form was opened to be filled in
          autoFocus
          value={draft.name}
          onChange={(event) => change({ name: event.target.value })}
          onFocus={(event) => event.target.select()}
        />
        <label htmlFor={summary}>{t('profile.own_summary')}</label>
        <input
          id={summary}
          className="field"
          autoComplete="off"
          maxLength={200}
          value={draft.summary}
          onChange={(event) => change({ summary: event.target.value })}
        />
      </div>
      <ProfileParameters draft={draft} change={change} />
      {error && (
        <div className="turn-error" role="alert">
          <ErrorText error={error} />
        </div>
      )}
      <div className="profile-actions">
        <button type="submit" className="button primary">
          {t('action.save')}
        </button>
        <button type="button" className="button" onClick={onCancel}>
          {t('action.cancel')}
        </button>
      </div>
    </form>
  );
}
