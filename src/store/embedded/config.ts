// The engine's own configuration: small pools, no log tables, and the limits that no caller can
// raise.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const MIB = 1024 * 1024
/** A statement with its parameters' values, which stand in its text. */
const SQL_BYTES_MAX = 16 * MIB

export interface EngineLimits {
  query_s_max: number
  query_bytes_max: number
}

/** Writes config.xml and users.xml into `folder`; the former's path. */
export function writeEngineConfig(folder: string, limits: EngineLimits): string {
  mkdirSync(join(folder, 'spill'), { recursive: true })
  const users = join(folder, 'users.xml')
  const config = join(folder, 'config.xml')
  writeFileSync(users, usersXml(limits), { mode: 0o600 })
  writeFileSync(config, configXml(folder, users, limits), { mode: 0o600 })
  return config
}

function configXml(folder: string, users: string, limits: EngineLimits): string {
  return element('clickhouse', {
    logger: { level: 'fatal', console: 0 },
    timezone: 'UTC',
    tmp_path: `${join(folder, 'spill')}/`,
    // A second query of the largest size fits beside inserts and merges.
    max_server_memory_usage: 2 * limits.query_bytes_max,
    max_server_memory_usage_to_ram_ratio: 0.6,
    mark_cache_size: 64 * MIB,
    index_mark_cache_size: 16 * MIB,
    primary_index_cache_size: 64 * MIB,
    uncompressed_cache_size: 0,
    query_condition_cache_size: 16 * MIB,
    compiled_expression_cache_size: 16 * MIB,
    max_thread_pool_size: 1_000,
    background_pool_size: 2,
    background_merges_mutations_concurrency_ratio: 2,
    background_schedule_pool_size: 2,
    // The engine's own statistics are read by nobody here, and cost a core's per cent by the
    // second.
    asynchronous_metrics_update_period_s: 3_600,
    asynchronous_heavy_metrics_update_period_s: 86_400,
    dns_cache_update_period: 3_600,
    user_directories: { users_xml: { path: users } },
  })
}

function usersXml(limits: EngineLimits): string {
  const spill_bytes = Math.ceil(limits.query_bytes_max / 4)
  const profile = {
    max_execution_time: limits.query_s_max,
    max_memory_usage: limits.query_bytes_max,
    max_bytes_before_external_group_by: spill_bytes,
    max_bytes_before_external_sort: spill_bytes,
    // Formatting on several threads holds many blocks of rows for a reader who is slower than one.
    output_format_parallel_formatting: 0,
    log_queries: 0,
    max_query_size: SQL_BYTES_MAX,
    async_insert: 0,
    implicit_select: 0,
    constraints: {
      max_execution_time: { min: 0.001, max: limits.query_s_max },
      max_memory_usage: { min: 1, max: limits.query_bytes_max },
      timeout_overflow_mode: { readonly: '' },
      async_insert: { readonly: '' },
    },
  }
  return element('clickhouse', {
    profiles: { default: profile },
    quotas: { default: {} },
    users: {
      default: {
        password: '',
        networks: { ip: '::/0' },
        profile: 'default',
        quota: 'default',
        access_management: 1,
      },
    },
  })
}

type Xml = string | number | { [name: string]: Xml }

function element(name: string, content: Xml): string {
  if (typeof content !== 'object') return `<${name}>${escapeXml(String(content))}</${name}>\n`
  const inner = Object.entries(content).map(([key, value]) => element(key, value))
  return `<${name}>\n${inner.join('')}</${name}>\n`
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
