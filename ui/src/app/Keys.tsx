import { keyNames } from './keyboard';

/** Keys as they are printed; those behind a space do the like, each by itself. */
export function Keys({ keys }: { keys: string }) {
  return (
    <span className="keys">
      {keys
        .split(' ')
        .flatMap(keyNames)
        .map((key) => (
          <kbd key={key}>{key}</kbd>
        ))}
    </span>
  );
}
