/**
 * The coordinator and the command line: scheduling, run folders, search, the live page and the
 * commands; nothing here computes on tensors. Read {@code job} (one job and its schedule), {@code
 * control} (all jobs and workers on one thread), {@code run} and {@code store} (files on disk),
 * {@code search} (banks and queries), {@code grpc} (services and clients), {@code view} (text,
 * pages, metrics), {@code node} (processes put together), {@code cli} (commands).
 */
package org.simreg.coordinator;
