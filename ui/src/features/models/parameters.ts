import type { Attention, Execution, Profile } from '@/ipc';
import { maybe, t } from '@/shared/i18n';
import { count } from '@/shared/text/format';
import { weightsName } from './weights';

interface Parameter {
  key: string;
  /** In plain words. */
  label: string;
  /** As llama.cpp calls it. */
  name: string;
  value: string;
  /** What runs on this machine in its place, where that is something else. */
  here: string | null;
  /** What it does, in a line. */
  why: string;
}

/** How attention is computed, with what its cache is kept in. */
export function attentionName(attention: Attention): string {
  return attention.kind === 'flash' ? t('attention.flash', { kv: attention.kv.toUpperCase() }) : t('attention.plain');
}

const batches = (batch: number, ubatch: number): string => `${count(batch)} / ${count(ubatch)}`;

/** What a profile sets, each with its real name and what it does; `execution` is what runs on this machine. */
export function parametersOf(profile: Profile, execution: Execution = profile): Parameter[] {
  const { attention, offload } = profile;
  const layers = offload.kind === 'layers' ? count(offload.layers) : t(`offload.${offload.kind}`);
  const found: [key: string, name: string, value: string, runs?: string][] = [
    ['weights', 'weights', weightsName(profile.weights)],
    ['attention', 'flash_attn, type_k = type_v', attentionName(attention), attentionName(execution.attention)],
    ['context', 'n_ctx', count(profile.context_tokens)],
    [
      'batch',
      'n_batch / n_ubatch',
      batches(profile.n_batch, profile.n_ubatch),
      batches(profile.n_batch, execution.n_ubatch),
    ],
    ['offload', 'n_gpu_layers', layers],
    ['threads', 'n_threads', profile.threads === 0 ? t('threads.auto') : count(profile.threads)],
    ['graphs', 'cuda_graphs', t(profile.graph_capture ? 'on' : 'off')],
    ['speculation', 'prompt lookup', t(profile.speculation ? 'on' : 'off')],
  ];
  return found.map(([key, name, value, runs = value]) => ({
    key,
    name,
    value,
    here: runs === value ? null : runs,
    label: maybe(`parameter.${key}`) ?? key,
    why: maybe(`parameter.${key}_why`) ?? '',
  }));
}
