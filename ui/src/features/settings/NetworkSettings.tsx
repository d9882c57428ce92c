import { useEffect, useState } from 'react';
import { backend, type ErrorReport, reportOf, type Traffic } from '@/ipc';
import { t } from '@/shared/i18n';
import { bytes } from '@/shared/text/format';
import { ErrorText } from '@/shared/ui/states';
import { Stacked } from './Field';
import { type SectionProperties, SwitchSetting } from './fields';

const EVERY_MS = 2000;

/** What went over the network, as long as it is looked at. */
function useTraffic(): { traffic: Traffic[] | null; error: ErrorReport | null } {
  const [traffic, setTraffic] = useState<Traffic[] | null>(null);
  const [error, setError] = useState<ErrorReport | null>(null);
  useEffect(() => {
    let live = true;
    const read = (): void => {
      backend()
        .traffic()
        .then((read) => {
          if (!live) return;
          setTraffic(read);
          setError(null);
        })
        .catch((thrown: unknown) => live && setError(reportOf(thrown)));
    };
    read();
    const timer = setInterval(read, EVERY_MS);
    return () => {
      live = false;
      clearInterval(timer);
    };
  }, []);
  return { traffic, error };
}

/** Whether anything leaves the computer, and what did. */
export function NetworkSettings({ settings, change }: SectionProperties) {
  const { traffic, error } = useTraffic();
  return (
    <>
      <SwitchSetting id="offline" name="offline" words="offline" settings={settings} change={change} />
      <Stacked label={t('settings.traffic')} text={t('settings.traffic_text')}>
        {error && <ErrorText error={error} />}
        {traffic?.length === 0 && <p role="status">{t('settings.silence')}</p>}
        {traffic && traffic.length > 0 && (
          <ul className="folder-parts">
            {traffic.map(({ host, requests, sent, received }) => (
              <li key={host}>
                <bdi className="clip">{host}</bdi>
                <span className="tabular">
                  {t('settings.traffic_of', {
                    n: requests ?? 0,
                    sent: bytes(sent),
                    received: bytes(received),
                  })}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Stacked>
    </>
  );
}
