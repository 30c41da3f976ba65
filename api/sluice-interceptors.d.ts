export interface HostHeaderOptions extends CommonInterceptorOptions {
    readonly preserveExisting?: boolean;
    readonly useIP?: boolean;
    readonly hostHeader?: string;
}

export type RegexCharset = 'utf8' | 'latin1' | 'utf16le' | 'ascii';

export interface RegexFilterOptions extends CommonInterceptorOptions {
    readonly regex?: string | RegExp;
    readonly excludeEvents?: boolean;
    readonly charset?: RegexCharset;
    readonly compat?: 'none' | 'flume';
}

export interface StaticHeaderOptions extends CommonInterceptorOptions {
    readonly key?: string;
    readonly value?: string;
    readonly preserveExisting?: boolean;
}

export interface TimestampHeaderOptions extends CommonInterceptorOptions {
    readonly preserveExisting?: boolean;
    readonly headerName?: string;
}

export declare function hostHeader(options?: HostHeaderOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function regexFilter(options?: RegexFilterOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function staticHeader(options?: StaticHeaderOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function timestampHeader(options?: TimestampHeaderOptions): ProducerInterceptor & ConsumerInterceptor;
