/**
 * The programs that are recorded and replayed, one entry each. `npm run e2e:clients` installs exactly these versions.
 *
 *   bin       the command in node_modules/.bin
 *   node      what it needs of Node, where it is a program for Node
 *   family    the variable in which it, or its configuration, is told the server: of those that `onefold record` sets
 *   env       given the server and HOME: what makes it use the server, and keeps it from everything else
 *   files     given the same: what is written into its HOME first
 *   args      how it is asked, headless and without questions
 *   tool      its own shell tool: name, and arguments that run a command
 *   answerOf  the answer in what it printed
 */
const QUESTION = 'Run the marker command in the shell, then quote what it printed.'
/** Of nobody. A recording must not hold it. */
export const KEY = 'sk-test-0000000000000000000000000000'
const trimmed = (printed) => printed.trim()

/** What most of them and the libraries in them heed. */
const QUIET = { DO_NOT_TRACK: '1', NO_UPDATE_NOTIFIER: '1', NO_COLOR: '1', CI: '1' }

export const CLIENTS = [
  {
    key: 'claude-code',
    name: 'Claude Code',
    package: '@anthropic-ai/claude-code',
    version: '2.1.330',
    bin: 'claude',
    family: 'ANTHROPIC_BASE_URL',
    api: 'Anthropic Messages',
    env: () => ({
      ...QUIET,
      ANTHROPIC_API_KEY: KEY,
      // Root may skip its questions only where it is told that this is a sandbox.
      IS_SANDBOX: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
      DISABLE_TELEMETRY: '1',
      DISABLE_ERROR_REPORTING: '1',
    }),
    files: () => ({}),
    args: () => ['-p', QUESTION, '--model', 'claude-sonnet-4-5', '--dangerously-skip-permissions'],
    tool: { name: 'Bash', args: (command) => ({ command, description: 'Run the marker command' }) },
    answerOf: trimmed,
  },
  {
    key: 'codex',
    name: 'Codex',
    package: '@openai/codex',
    version: '0.169.0',
    bin: 'codex',
    node: 16,
    family: 'OPENAI_BASE_URL',
    api: 'OpenAI Responses',
    env: () => ({ ...QUIET, EMULATED_KEY: KEY }),
    files: ({ base }) => ({
      '.codex/config.toml': `model = "gpt-5.1"
model_provider = "emulated"
check_for_update_on_startup = false

[analytics]
enabled = false

[features]
plugins = false

[model_providers.emulated]
name = "emulated"
base_url = "${base}"
env_key = "EMULATED_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
`,
    }),
    args: () => [
      'exec',
      '--skip-git-repo-check',
      '--dangerously-bypass-approvals-and-sandbox',
      '--color',
      'never',
      QUESTION,
    ],
    tool: { name: 'exec_command', args: (cmd) => ({ cmd }) },
    answerOf: trimmed,
  },
  {
    key: 'kimi-code',
    name: 'Kimi Code',
    package: '@moonshot-ai/kimi-code',
    version: '2.1.0',
    bin: 'kimi',
    node: 22,
    family: 'KIMI_MODEL_BASE_URL',
    api: 'OpenAI chat',
    env: () => ({
      ...QUIET,
      KIMI_MODEL_NAME: 'kimi-for-coding',
      KIMI_MODEL_PROVIDER_TYPE: 'kimi',
      KIMI_MODEL_API_KEY: KEY,
      KIMI_MODEL_MAX_CONTEXT_SIZE: '200000',
      KIMI_DISABLE_TELEMETRY: '1',
      KIMI_CODE_NO_AUTO_UPDATE: '1',
    }),
    files: () => ({}),
    args: () => ['-p', QUESTION],
    tool: { name: 'Bash', args: (command) => ({ command }) },
    answerOf: trimmed,
  },
  {
    key: 'gemini-cli',
    name: 'Gemini CLI',
    package: '@google/gemini-cli',
    version: '0.61.0',
    bin: 'gemini',
    node: 20,
    family: 'GOOGLE_GEMINI_BASE_URL',
    api: 'Gemini',
    env: ({ home }) => ({
      ...QUIET,
      GEMINI_API_KEY: KEY,
      GEMINI_CLI_HOME: home,
      GEMINI_CLI_TRUST_WORKSPACE: 'true',
    }),
    files: () => ({
      '.gemini/settings.json': JSON.stringify({
        general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
        privacy: { usageStatisticsEnabled: false },
        telemetry: { enabled: false },
        security: { auth: { selectedType: 'gemini-api-key' } },
      }),
    }),
    args: () => ['-p', QUESTION, '--yolo', '-m', 'gemini-2.5-pro', '--output-format', 'text'],
    tool: { name: 'run_shell_command', args: (command) => ({ command, description: 'Run the marker command' }) },
    answerOf: trimmed,
  },
  {
    key: 'opencode',
    name: 'opencode',
    package: 'opencode-ai',
    version: '1.18.33',
    bin: 'opencode',
    family: 'OPENAI_BASE_URL',
    api: 'OpenAI chat',
    env: () => ({
      ...QUIET,
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_DISABLE_SHARE: '1',
      OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
      OPENCODE_PURE: '1',
      NPM_CONFIG_OFFLINE: 'true',
      NPM_CONFIG_REGISTRY: 'http://127.0.0.1:9/',
    }),
    files: () => ({
      '.config/opencode/opencode.json': JSON.stringify({
        autoupdate: false,
        share: 'disabled',
        model: 'emulated/gpt-emulated',
        small_model: 'emulated/gpt-emulated',
        permission: 'allow',
        provider: {
          emulated: {
            npm: '@ai-sdk/openai-compatible',
            name: 'emulated',
            options: { baseURL: '{env:OPENAI_BASE_URL}', apiKey: KEY },
            models: { 'gpt-emulated': { name: 'emulated', tool_call: true, limit: { context: 200000, output: 8000 } } },
          },
        },
      }),
    }),
    args: () => ['run', QUESTION],
    tool: { name: 'bash', args: (command) => ({ command, description: 'Run the marker command' }) },
    answerOf: trimmed,
  },
  {
    key: 'qwen-code',
    name: 'Qwen Code',
    package: '@qwen-code/qwen-code',
    version: '0.24.4',
    bin: 'qwen',
    node: 22,
    family: 'OPENAI_BASE_URL',
    api: 'OpenAI chat',
    env: () => ({ ...QUIET, OPENAI_API_KEY: KEY, OPENAI_MODEL: 'qwen3-coder-plus' }),
    files: () => ({
      '.qwen/settings.json': JSON.stringify({
        general: { enableAutoUpdate: false },
        privacy: { usageStatisticsEnabled: false },
        telemetry: { enabled: false },
        security: { auth: { selectedType: 'openai' } },
      }),
    }),
    args: () => ['-p', QUESTION, '--yolo', '--auth-type', 'openai', '--output-format', 'text'],
    tool: {
      name: 'run_shell_command',
      args: (command) => ({ command, description: 'Run the marker command', is_background: false }),
    },
    answerOf: trimmed,
  },
]
