/**
 * Directives of nginx and its usual modules: enough to tell an nginx file from another `.conf`, and to see that a line
 * which starts with one of them was not meant as an argument of the line before.
 */
const names = `
user worker_processes worker_rlimit_nofile worker_shutdown_timeout error_log pid daemon load_module events http stream mail
include worker_connections use multi_accept env
server listen server_name location root alias index try_files return rewrite set if error_page internal break
default_type types types_hash_max_size sendfile tcp_nopush tcp_nodelay keepalive_timeout keepalive_requests keepalive
client_max_body_size client_body_timeout client_header_timeout client_body_buffer_size client_header_buffer_size
large_client_header_buffers send_timeout reset_timedout_connection server_tokens server_names_hash_bucket_size
log_format access_log log_not_found open_file_cache resolver resolver_timeout merge_slashes absolute_redirect
port_in_redirect server_name_in_redirect satisfy limit_except
gzip gzip_vary gzip_proxied gzip_comp_level gzip_min_length gzip_types gzip_disable gzip_static gzip_buffers
gzip_http_version brotli brotli_types brotli_comp_level
add_header add_header_inherit add_trailer expires etag if_modified_since charset
upstream zone least_conn ip_hash random hash
proxy_pass proxy_set_header proxy_http_version proxy_read_timeout proxy_connect_timeout proxy_send_timeout
proxy_buffering proxy_buffer_size proxy_buffers proxy_busy_buffers_size proxy_request_buffering proxy_redirect
proxy_cache proxy_cache_path proxy_cache_valid proxy_cache_key proxy_cache_bypass proxy_no_cache proxy_cache_use_stale
proxy_cache_lock proxy_hide_header proxy_pass_header proxy_pass_request_headers proxy_intercept_errors
proxy_next_upstream proxy_next_upstream_tries proxy_next_upstream_timeout proxy_ssl_server_name proxy_ssl_verify
proxy_ssl_name proxy_ssl_protocols proxy_ssl_trusted_certificate proxy_cookie_path proxy_cookie_domain
proxy_cookie_flags proxy_ignore_headers proxy_max_temp_file_size proxy_temp_path proxy_headers_hash_max_size
proxy_headers_hash_bucket_size proxy_protocol proxy_socket_keepalive proxy_timeout
fastcgi_pass fastcgi_param fastcgi_index fastcgi_split_path_info fastcgi_read_timeout fastcgi_buffers
fastcgi_buffer_size fastcgi_hide_header uwsgi_pass uwsgi_param uwsgi_read_timeout scgi_pass grpc_pass grpc_set_header
grpc_read_timeout memcached_pass
ssl_certificate ssl_certificate_key ssl_protocols ssl_ciphers ssl_prefer_server_ciphers ssl_session_cache
ssl_session_timeout ssl_session_tickets ssl_stapling ssl_stapling_verify ssl_trusted_certificate ssl_dhparam
ssl_ecdh_curve ssl_client_certificate ssl_verify_client ssl_early_data ssl_reject_handshake ssl_buffer_size ssl
ssl_password_file ssl_preread http2 http3 quic_retry
limit_req limit_req_zone limit_req_status limit_req_log_level limit_req_dry_run limit_conn limit_conn_zone
limit_conn_status limit_rate limit_rate_after
allow deny auth_basic auth_basic_user_file auth_request auth_request_set real_ip_header set_real_ip_from
real_ip_recursive stub_status map geo split_clients map_hash_bucket_size sub_filter sub_filter_once sub_filter_types
mirror autoindex valid_referers secure_link dav_methods perl_modules js_import js_content more_set_headers
more_clear_headers content_by_lua_block access_by_lua_block rewrite_by_lua_block lua_package_path lua_shared_dict
chunked_transfer_encoding underscores_in_headers ignore_invalid_headers directio aio sendfile_max_chunk output_buffers
subrequest_output_buffer_size variables_hash_max_size disable_symlinks slice thread_pool worker_cpu_affinity
worker_priority worker_aio_requests pcre_jit accept_mutex lingering_close lingering_timeout msie_padding
recursive_error_pages post_action opentracing otel_exporter
`;

const directives: ReadonlySet<string> = new Set(names.split(/\s+/).filter(name => name !== ""));

export function isNginxDirective(name: string): boolean {
  return directives.has(name);
}

// Words that are also common arguments: at the start of a line they prove nothing.
const alsoArguments = new Set([
  "use",
  "env",
  "random",
  "hash",
  "zone",
  "ssl",
  "http",
  "mail",
  "http2",
  "http3",
  "index",
  "internal",
  "proxy_protocol",
  "set",
  "user",
  "pid",
  "stream",
  "types",
  "slice",
  "mirror",
  "etag",
  "charset",
  "off",
  "root",
  "break",
]);

/** True for a word that, at the start of a line, means that the line before lacks its semicolon. */
export function startsStatement(name: string): boolean {
  return directives.has(name) && !alsoArguments.has(name);
}

const blocks = new Set([
  "http",
  "stream",
  "mail",
  "events",
  "server",
  "location",
  "upstream",
  "if",
  "map",
  "geo",
  "types",
  "limit_except",
  "split_clients",
  "match",
  "charset_map",
]);

/** True for a known directive that ends with a semicolon: a brace behind it means that something is missing. */
export function isSimpleDirective(name: string): boolean {
  return directives.has(name) && !blocks.has(name) && !name.endsWith("_by_lua_block");
}

/** True for a directive that is followed by braces. */
export function takesBlock(name: string): boolean {
  return blocks.has(name);
}
