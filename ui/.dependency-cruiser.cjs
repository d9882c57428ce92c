/** The rooms of the interface and the doors between them. */
module.exports = {
  forbidden: [
    {
      name: 'tauri-behind-ipc',
      severity: 'error',
      comment: 'Only ipc talks to Tauri.',
      from: { pathNot: '^src/ipc/' },
      to: { path: '@tauri-apps' },
    },
    {
      name: 'ipc-without-react',
      severity: 'error',
      comment: 'ipc knows neither React nor state.',
      from: { path: '^src/ipc/' },
      to: { path: 'node_modules/(react|react-dom|zustand)/|^src/(app|features|shared/ui)' },
    },
    {
      name: 'features-apart',
      severity: 'error',
      comment: 'A feature never reaches into another; the app room joins them.',
      from: { path: '^src/features/([^/]+)/' },
      to: { path: '^src/features/([^/]+)/', pathNot: '^src/features/$1/' },
    },
    {
      name: 'features-below-app',
      severity: 'error',
      from: { path: '^src/(features|shared|ipc)/' },
      to: { path: '^src/app/' },
    },
    {
      name: 'shared-below-features',
      severity: 'error',
      from: { path: '^src/shared/' },
      to: { path: '^src/features/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-mock-outside-ipc',
      severity: 'error',
      from: { pathNot: '^src/ipc/|\\.test\\.tsx?$' },
      to: { path: '^src/ipc/mock/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
