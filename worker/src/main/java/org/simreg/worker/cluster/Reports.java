package org.simreg.worker.cluster;

import org.simreg.proto.Report;

/** Takes what a worker reports, in order; any thread may call it, and it returns at once. */
interface Reports {
    void send(Report.Builder report);
}
