// Shapes of the engine's façade that the window gives another form: see `docmind-engine`.

import type { DocumentState, ErrorReport, MemoryOwner, ModelCard, Page, Profile, Turn } from './types';

export interface EngineListRequest {
  states: DocumentState[];
  collection: number | null;
  containing: string | null;
  sort: 'added' | 'path' | 'title' | 'size' | 'state';
  descending: boolean;
  offset: number;
  limit: number | null;
}

export interface EngineSummary {
  queued: number;
  ready: number;
  skipped: number;
  failed: number;
  chunks: number;
}

export interface EngineSourcePage extends Pick<Page, 'number' | 'text' | 'headings' | 'words' | 'size'> {
  document_id: number;
  media_type: string;
  pages: number;
  changed: boolean;
  drawable: boolean;
}

export interface EngineConversation {
  row: { id: number; title: string };
  turns: Turn[];
}

export interface MemoryShare {
  device: string;
  weights_mib: number;
  kv_mib: number;
  compute_mib: number;
  runtime_mib: number;
  embedder_mib: number;
  free_mib: number;
  total_mib: number;
}

export interface MemoryPlan {
  profile: Profile;
  gpu_layers: number;
  shares: MemoryShare[];
  fits: boolean;
  verdict: string;
  steps: { code: string; message: string }[];
}

export interface EngineProfile {
  profile: Profile;
  active: boolean;
  file: string | null;
  missing: string | null;
  make: string | null;
  plan: MemoryPlan | null;
  reason: string | null;
}

export interface EngineModel {
  name: string;
  path: string;
  card: ModelCard | null;
  error: ErrorReport | null;
}

interface Spread {
  median: number;
}

export interface EngineBenchRun {
  at_ms: number;
  baseline: string;
  rows: {
    profile: string;
    model: string;
    synthetic: boolean;
    ttft_ms: Spread;
    prefill_tps: Spread;
    decode_tps: Spread;
    peak_memory_mib: number;
    predicted_memory_mib: number;
  }[];
}

export type Fate =
  | { type: 'source' }
  | { type: 'recalled'; n: number }
  | { type: 'near_duplicate'; of: number }
  | { type: 'crowded' }
  | { type: 'over_budget' }
  | { type: 'low' };

export interface EngineTrace {
  retrieval: {
    searched: string;
    budget_tokens: number;
    used_tokens: number;
    candidates: {
      id: number;
      document: number;
      page: number;
      keyword_rank: number | null;
      bm25: number | null;
      vector_rank: number | null;
      cosine: number | null;
      score: number;
      fate: Fate;
    }[];
  };
  embed_ms: number;
  search_ms: number;
  shown_ms: number;
  total_ms: number;
}

/** The device a plan leans on: the one that holds most of it. */
export function mainShare(plan: MemoryPlan): MemoryShare | null {
  const weight = (share: MemoryShare): number => share.weights_mib + share.kv_mib + share.compute_mib;
  return plan.shares.reduce<MemoryShare | null>(
    (best, share) => (best === null || weight(share) > weight(best) ? share : best),
    null,
  );
}

/** Memory of a plan by owner, over all devices. */
export function ownersOf(plan: MemoryPlan): MemoryOwner[] {
  const sum = (of: (share: MemoryShare) => number): number =>
    Math.round(plan.shares.reduce((total, share) => total + of(share), 0));
  return [
    { owner: 'weights', mib: sum((share) => share.weights_mib) },
    { owner: 'kv', mib: sum((share) => share.kv_mib) },
    { owner: 'compute', mib: sum((share) => share.compute_mib + share.runtime_mib) },
    { owner: 'embedder', mib: sum((share) => share.embedder_mib) },
  ].filter((owner) => owner.mib > 0);
}
