import { useEffect } from 'react';
import type { RemoteContext } from '@/ipc';
import { t } from '@/shared/i18n';
import { count } from '@/shared/text/format';
import { ErrorText } from '@/shared/ui/states';
import { useSettings } from './store';

function wordsOf(context: RemoteContext): string {
  const tokens = count(context.tokens);
  if (context.source !== 'told') return t('settings.remote_context_assumed', { tokens });
  return context.tokens === context.of
    ? t('settings.remote_context_told', { tokens })
    : t('settings.remote_context_used', { tokens, of: count(context.of) });
}

/** What the server says of its context, where the setting leaves that to it. */
export function RemoteContextNote() {
  const { remoteContext, remoteContextError, askRemoteContext } = useSettings();
  useEffect(() => void askRemoteContext(), [askRemoteContext]);
  if (remoteContextError) return <ErrorText error={remoteContextError} />;
  return (
    <p className="small quiet" role="status">
      {remoteContext ? wordsOf(remoteContext) : t('settings.remote_context_asking')}
    </p>
  );
}
