// Lint rules of the project. Besides the usual typed rules they hold the house together: each room may import only
// the rooms listed for it in ROOMS (docs/architecture.md says why), and workflow code may touch nothing that is not
// deterministic.
import js from '@eslint/js';
import { builtinModules } from 'node:module';
import tseslint from 'typescript-eslint';

/** room -> the rooms that it may import. `settings` is open to all but `workflows` and `program`. */
const ROOMS = {
  program: [],
  settings: [],
  database: ['program', 'settings'],
  integrations: ['program', 'settings'],
  monitoring: ['database', 'settings'],
  activities: ['program', 'database', 'settings'],
  workflows: ['program', 'activities'],
  temporal: ['workflows', 'program', 'settings'],
  worker: [
    'temporal',
    'workflows',
    'activities',
    'integrations',
    'monitoring',
    'database',
    'settings',
    'program',
  ],
  api: ['temporal', 'workflows', 'monitoring', 'program', 'database', 'settings'],
  cli: ['program', 'api'],
};

/** program/ modules that need a date, schema or domain library: never in the workflow bundle. */
const IMPURE_PROGRAM_PARTS = [
  'definition',
  'definitionChecks',
  'parseDefinition',
  'jsonSchema',
  'revision',
  'creditStatement',
  'definitionDiff',
  'tables',
  'nextSeason',
  'calendar',
  'estimate',
  'timeZone',
  'brandKey',
  'form',
];

const allRooms = [...Object.keys(ROOMS), 'dev', 'test', 'bench'];
const nodeBuiltins = builtinModules.flatMap((name) => [name, `node:${name}`]);

/** Parts of a room that may import less than the rest of it. */
const PARTS = [
  {
    room: 'api',
    files: ['api/routes/**/*.ts'],
    patterns: [
      {
        group: ['../../database/**'],
        allowTypeImports: true,
        message: 'A route calls one operation (api/operations), which pages share; it reads nothing itself.',
      },
    ],
  },
];

const wholeRooms = Object.keys(ROOMS).map((room) => ({ room, files: [`${room}/**/*.ts`], patterns: [] }));
// A part comes after its room: the last entry that a file fits is the one that holds.
const roomRules = [...wholeRooms, ...PARTS].map(({ room, files, patterns }) => ({
  files,
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        ...(room === 'workflows' && {
          paths: [
            ...nodeBuiltins,
            'zod',
            'pg',
            '@js-temporal/polyfill',
            'tldts',
            '@temporalio/client',
            '@temporalio/worker',
          ].map((name) => ({
            name,
            message: 'Workflow code is deterministic: no I/O, no Node built-ins, no such library.',
          })),
        }),
        patterns: [
          ...allRooms
            .filter((other) => other !== room && !ROOMS[room].includes(other))
            .filter((other) => !(room === 'api' && other === 'integrations'))
            .map((other) => ({
              group: [`../${other}/**`, `../../${other}/**`, `../../../${other}/**`],
              message: `${room}/ may import only: ${ROOMS[room].join(', ') || 'nothing of ours'}.`,
            })),
          ...(room === 'workflows'
            ? [
                {
                  group: IMPURE_PROGRAM_PARTS.map((part) => `../program/${part}`),
                  allowTypeImports: true,
                  message: 'Only the pure parts of program/ enter the workflow bundle.',
                },
                {
                  group: ['../activities/**'],
                  allowTypeImports: true,
                  message: 'Workflows know activities by type only.',
                },
              ]
            : []),
          ...(room === 'cli'
            ? [
                {
                  group: ['../api/*', '../../api/*', '!../api/*nswers', '!../../api/*nswers'],
                  message: 'The command line knows of the API what its callers know (api/answers).',
                },
              ]
            : []),
          ...(room === 'api'
            ? [
                {
                  group: [
                    '../integrations/*',
                    '../../integrations/*',
                    '!../integrations/webhookAddress',
                    '!../../integrations/webhookAddress',
                  ],
                  message: 'The API calls no third party; it only judges where a webhook may go.',
                },
              ]
            : []),
          ...(room === 'api' || room === 'temporal'
            ? [
                {
                  group: [
                    '../workflows/*',
                    '../../workflows/*',
                    '!../workflows/messages',
                    '!../../workflows/messages',
                  ],
                  message: 'Only the contract of the workflows (workflows/messages) is for other rooms.',
                },
              ]
            : []),
          ...patterns,
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '.data/**'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.js'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: {
        require: 'readonly',
        module: 'writable',
        process: 'readonly',
        console: 'readonly',
        __dirname: 'readonly',
      },
    },
  },
  ...roomRules,
);
