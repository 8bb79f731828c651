<?php
/**
 * Plugin Name: Text us
 * Description: The shortcode [text_us] adds a "Text us" button of a Text Connect Gateway to a page.
 * Version: 1.0.0
 * Requires at least: 5.5
 * Requires PHP: 7.4
 * License: MIT
 */

if (!defined('ABSPATH')) {
    exit;
}

/** Attributes of the shortcode that become attributes of <text-us> as they are. */
const TEXT_US_ATTRIBUTES = [
    'advertiser-id',
    'merchant-id',
    'placement-id',
    'country',
    'lang',
    'texts',
    'theme',
    'position',
    'field-first-name',
    'field-last-name',
    'field-question',
    'field-consent',
];

/**
 * Cleans the address of the gateway: https, or http on this machine; no path, query or user.
 *
 * @return string The address without a slash at its end, or '' if it is none.
 */
function text_us_gateway(string $address): string
{
    $parts = wp_parse_url(trim($address));
    if (!is_array($parts) || empty($parts['scheme']) || empty($parts['host'])) {
        return '';
    }
    $local = in_array($parts['host'], ['localhost', '127.0.0.1'], true);
    if ($parts['scheme'] !== 'https' && !($parts['scheme'] === 'http' && $local)) {
        return '';
    }
    if (!empty($parts['user']) || trim($parts['path'] ?? '', '/') !== '' || isset($parts['query'])) {
        return '';
    }
    return $parts['scheme'] . '://' . $parts['host'] . (isset($parts['port']) ? ':' . $parts['port'] : '');
}

/** Loads the script of the button as a module, and the style sheet of the link inside it, once a page. */
function text_us_load(string $gateway): void
{
    wp_enqueue_style('text-us', $gateway . '/widget/v1.css', [], null);
    if (function_exists('wp_enqueue_script_module')) {
        wp_enqueue_script_module('text-us', $gateway . '/widget/v1.js', [], null);
    } else {
        wp_enqueue_script('text-us', $gateway . '/widget/v1.js', [], null, true);
    }
}

/** WordPress before 6.5 knows no module scripts: the tag of this one gets `type="module"`. */
function text_us_script_tag(string $tag, string $handle): string
{
    if ($handle !== 'text-us' || strpos($tag, 'type="module"') !== false) {
        return $tag;
    }
    $tag = str_replace([" type='text/javascript'", ' type="text/javascript"'], '', $tag);
    return str_replace('<script ', '<script type="module" ', $tag);
}

/**
 * The values of the shortcode whose names begin with `listing-`, by the rest of the name.
 *
 * @param array<string, string> $attributes
 * @return array<string, string>
 */
function text_us_listing(array $attributes): array
{
    $listing = [];
    foreach ($attributes as $name => $value) {
        if (is_string($name) && strpos($name, 'listing-') === 0 && trim($value) !== '') {
            $listing[substr($name, strlen('listing-'))] = $value;
        }
    }
    return $listing;
}

/**
 * The address of the gateway's form page, which visitors without the script use.
 *
 * @param array<string, string> $attributes
 */
function text_us_form_page(string $gateway, string $site, array $attributes): string
{
    $query = [];
    foreach (['advertiser-id' => 'advertiserId', 'merchant-id' => 'merchantId', 'placement-id' => 'placementId'] as $from => $to) {
        if (!empty($attributes[$from])) {
            $query[$to] = $attributes[$from];
        }
    }
    foreach (text_us_listing($attributes) as $name => $value) {
        $query['listing.' . $name] = $value;
    }
    $page = $gateway . '/sites/' . rawurlencode($site) . '/text';
    return $query === [] ? $page : $page . '?' . http_build_query($query, '', '&', PHP_QUERY_RFC3986);
}

/**
 * [text_us site="example-motors" advertiser-id="1659" listing-vin="…" phone="+14045551212"]Ask about this car[/text_us]
 *
 * @param array<string, string>|string $attributes
 */
function text_us_shortcode($attributes, ?string $label = null): string
{
    $attributes = is_array($attributes) ? $attributes : [];
    $gateway = text_us_gateway((string) get_option('text_us_gateway', ''));
    $site = $attributes['site'] ?? (string) get_option('text_us_site', '');
    if ($gateway === '' || $site === '') {
        // Visitors see nothing; the author of the page is told what is missing.
        return current_user_can('edit_posts')
            ? '<p>' . esc_html('Text us: enter the address of the gateway and the site under Settings, Text us.') . '</p>'
            : '';
    }
    text_us_load($gateway);

    $html = '<text-us site="' . esc_attr($site) . '"';
    foreach (TEXT_US_ATTRIBUTES as $name) {
        if (isset($attributes[$name]) && $attributes[$name] !== '') {
            $html .= ' ' . $name . '="' . esc_attr($attributes[$name]) . '"';
        }
    }
    $listing = text_us_listing($attributes);
    if ($listing !== []) {
        $html .= ' listing="' . esc_attr((string) wp_json_encode($listing)) . '"';
    }
    // A value without a name, as in [text_us keep-offline], arrives in a list.
    if (in_array('keep-offline', $attributes, true)) {
        $html .= ' keep-offline';
    }

    $phone = preg_replace('/[^0-9+]/', '', $attributes['phone'] ?? '');
    $link = $phone !== '' ? 'sms:' . $phone : text_us_form_page($gateway, $site, $attributes);
    $words = trim((string) $label) !== '' ? trim((string) $label) : 'Text us';
    $html .= '><a href="' . esc_url($link, ['https', 'http', 'sms']) . '">' . esc_html($words) . '</a>';
    if (trim((string) $label) !== '') {
        $html .= '<span slot="button" hidden>' . esc_html($words) . '</span>';
    }
    return $html . '</text-us>';
}

/** The page Settings, Text us. */
function text_us_settings_page(): void
{
    echo '<div class="wrap"><h1>Text us</h1><form method="post" action="options.php">';
    settings_fields('text_us');
    echo '<table class="form-table"><tr><th><label for="text_us_gateway">Address of the gateway</label></th><td>'
        . '<input class="regular-text" type="url" id="text_us_gateway" name="text_us_gateway" placeholder="https://gateway.example" value="'
        . esc_attr((string) get_option('text_us_gateway', '')) . '"></td></tr>'
        . '<tr><th><label for="text_us_site">Site</label></th><td>'
        . '<input class="regular-text" id="text_us_site" name="text_us_site" placeholder="example-motors" value="'
        . esc_attr((string) get_option('text_us_site', '')) . '">'
        . '<p class="description">The public key of your site in the configuration of the gateway.</p></td></tr></table>';
    submit_button();
    echo '</form></div>';
}

/** Keeps a valid address, and otherwise the one of before, with a message that says what is expected. */
function text_us_clean_gateway($address): string
{
    $clean = text_us_gateway((string) $address);
    if ($clean === '' && trim((string) $address) !== '') {
        add_settings_error(
            'text_us_gateway',
            'text_us_gateway',
            'The address of the gateway must look like https://gateway.example, without a path.'
        );
        return (string) get_option('text_us_gateway', '');
    }
    return $clean;
}

add_shortcode('text_us', 'text_us_shortcode');
add_filter('script_loader_tag', 'text_us_script_tag', 10, 2);
add_action('admin_init', function () {
    register_setting('text_us', 'text_us_gateway', ['type' => 'string', 'sanitize_callback' => 'text_us_clean_gateway']);
    register_setting('text_us', 'text_us_site', ['type' => 'string', 'sanitize_callback' => 'sanitize_text_field']);
});
add_action('admin_menu', function () {
    add_options_page('Text us', 'Text us', 'manage_options', 'text_us', 'text_us_settings_page');
});
