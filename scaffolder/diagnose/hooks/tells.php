<?php
// What a copy of a container has its PHP run before the program: it writes down the error that ends it.
// The file is named by auto_prepend_file in tells.ini, beside this one.
register_shutdown_function(static function (string $records): void {
    $error = error_get_last();
    $fatal = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;
    if ($error === null || !($error['type'] & $fatal)) {
        return;
    }
    $shown = [];
    foreach (['display_errors', 'log_errors', 'error_log'] as $name) {
        $shown[] = $name . '=' . (ini_get($name) ?: ($name === 'error_log' ? 'none' : 'off'));
    }
    $names = [];
    if (preg_match('/^Uncaught ([\w\\\\]+)/', $error['message'], $match)) {
        $names[] = $match[1];
    }
    if (strpos($error['message'], 'Failed opening') !== false) {
        $names[] = 'OSError';
    }
    $begins = $error['type'] === E_PARSE ? 'PHP Parse error:  ' : 'PHP Fatal error:  ';
    $where = ' in ' . $error['file'] . ' on line ' . $error['line'];
    $line = json_encode([
        'kind' => 'exit',
        'text' => $begins . substr($error['message'], 0, 8000) . $where,
        'place' => 'PHP (' . implode(', ', $shown) . ')',
        'how' => 'uncaught',
        'names' => $names,
    ], JSON_PARTIAL_OUTPUT_ON_ERROR);
    @file_put_contents($records, $line . "\n", FILE_APPEND);
}, __DIR__ . '/raised');
