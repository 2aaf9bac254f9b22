/**
 * The coordinator and the command line: everything that decides, keeps and shows; nothing here
 * computes on tensors. Read {@code job} (one job and its schedule), {@code control} (all jobs and
 * workers on one thread), {@code run} and {@code store} (what is kept on disk), {@code search}
 * (banks and queries), {@code grpc} (how others reach it), {@code view} (what people see), {@code
 * node} (processes put together), {@code cli} (commands).
 */
package org.simreg.coordinator;
