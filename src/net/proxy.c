/* Which proxy a URL is asked through, by the rules of pip's requests: --proxy for everything, else the
 * variables, lower case over upper case, NO_PROXY by suffix and for IPv4 also by network. On Windows the
 * settings of the system where no variable is set. */
#include "net/settings.h"
#include "net/url.h"

#define INTERNET_SETTINGS "Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings"

/* A variable in lower case, else in upper case; an empty one in lower case switches the other off. */
static bool find_variable(const tfd_sys *sys, const char *lower, const char *upper, tfd_net_value *out)
{
    tfd_str value;

    if (sys->env(sys, lower, &value)) {
        *out = (tfd_net_value){value, tfd_str_of(lower)};
        return value.len > 0;
    }
    if (!tfd_net_env(sys, upper, &value))
        return false;
    *out = (tfd_net_value){value, tfd_str_of(upper)};
    return true;
}

/* A dotted IPv4 address as a number; false for anything else. */
static bool read_ipv4(tfd_str text, uint32_t *out)
{
    uint32_t value = 0;
    uint64_t part;
    tfd_str head;
    int n = 0;
    bool more = true;

    while (more) {
        more = tfd_str_cut(text, '.', &head, &text);
        if (!tfd_str_u64(head, &part) || part > 255 || ++n > 4)
            return false;
        value = value << 8 | (uint32_t)part;
    }
    *out = value;
    return n == 4;
}

static bool is_in_network(uint32_t address, tfd_str network)
{
    tfd_str base, bits;
    uint64_t length;
    uint32_t start;

    if (!tfd_str_cut(network, '/', &base, &bits) || !read_ipv4(base, &start) || !tfd_str_u64(bits, &length) ||
        length < 1 || length > 32)
        return false;
    return ((address ^ start) >> (32 - length)) == 0;
}

static bool ends_nocase(tfd_str s, tfd_str tail)
{
    return tail.len <= s.len && tfd_str_eq_nocase(tfd_str_from(s, s.len - tail.len), tail);
}

static bool is_bypassed(tfd_arena *arena, const tfd_url *url, tfd_str list)
{
    tfd_str with_port = tfd_url_host_port(arena, url), one;
    uint32_t address = 0;
    bool is_v4 = read_ipv4(url->host, &address), more = true;

    if (tfd_str_is(tfd_str_trim(list), "*"))
        return true;
    while (more) {
        more = tfd_str_cut(list, ',', &one, &list);
        one = tfd_str_trim(one);
        if (one.len == 0)
            continue;
        if (is_v4 ? tfd_str_eq(one, url->host) || is_in_network(address, one)
                  : ends_nocase(url->host, one) || ends_nocase(with_port, one) ||
                        (one.ptr[0] == '.' && tfd_str_eq_nocase(tfd_str_from(one, 1), url->host)))
            return true;
    }
    return false;
}

/* "host:port" for everything, or "http=host:port;https=host:port". */
static tfd_str of_registry(const tfd_sys *sys, tfd_arena *arena, tfd_str scheme)
{
    tfd_reg_value on;
    tfd_str list, one, name, value;
    bool more = true;

    if (sys->style != TFD_PATH_WINDOWS ||
        tfd_sys_reg_value(sys, arena, TFD_REG_CURRENT_USER, TFD_REG_VIEW_64, TFD_STR(INTERNET_SETTINGS),
                          TFD_STR("ProxyEnable"), &on, NULL) != TFD_OK ||
        on.number == 0)
        return TFD_STR("");
    list = tfd_sys_reg_text(sys, arena, TFD_REG_CURRENT_USER, TFD_REG_VIEW_64, TFD_STR(INTERNET_SETTINGS),
                            TFD_STR("ProxyServer"));
    if (tfd_str_find_char(list, '=') == TFD_NPOS)
        return list;
    while (more) {
        more = tfd_str_cut(list, ';', &one, &list);
        if (tfd_str_cut(one, '=', &name, &value) && tfd_str_eq_nocase(name, scheme))
            return value;
    }
    return TFD_STR("");
}

/* requests puts "http://" before an address without a scheme. */
static tfd_net_value with_scheme(tfd_arena *arena, tfd_net_value value)
{
    if (value.text.len > 0 && tfd_str_find_z(value.text, "://") == TFD_NPOS)
        value.text = tfd_arena_fmt(arena, "http://%.*s", TFD_ARG(value.text));
    return value;
}

tfd_net_value tfd_net_proxy_for(const tfd_sys *sys, tfd_arena *arena, const tfd_net_settings *settings,
                                tfd_str text)
{
    tfd_net_value none = {TFD_STR(""), TFD_STR("")}, found = none, no;
    tfd_url url;
    bool is_plain;

    if (!tfd_url_split(text, &url))
        return none;
    if (settings->proxy.text.len > 0)
        return with_scheme(arena, settings->proxy);
    if (find_variable(sys, "no_proxy", "NO_PROXY", &no) && is_bypassed(arena, &url, no.text))
        return none;
    is_plain = tfd_str_eq_nocase(url.scheme, TFD_STR("http"));
    if (!find_variable(sys, is_plain ? "http_proxy" : "https_proxy", is_plain ? "HTTP_PROXY" : "HTTPS_PROXY",
                       &found) &&
        !find_variable(sys, "all_proxy", "ALL_PROXY", &found)) {
        found.text = of_registry(sys, arena, url.scheme);
        found.source = TFD_STR("the proxy settings of Windows");
    }
    return found.text.len > 0 ? with_scheme(arena, found) : none;
}

bool tfd_net_is_trusted(const tfd_net_settings *settings, tfd_str text)
{
    tfd_url url;

    if (!tfd_url_split(text, &url))
        return false;
    for (size_t i = 0; i < settings->trusted.count; i++) {
        tfd_str one = settings->trusted.items[i].text, host, port;
        bool has_port = tfd_str_cut(one, ':', &host, &port);

        if (tfd_str_eq_nocase(host, url.host) && (!has_port || tfd_str_eq(port, url.port)))
            return true;
    }
    return false;
}
