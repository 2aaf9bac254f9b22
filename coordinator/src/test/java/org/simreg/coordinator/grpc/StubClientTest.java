package org.simreg.coordinator.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Iterator;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.JobsGrpc;
import org.simreg.proto.WatchRequest;

/** A client made by the protocol compiler, over the network and within one JVM. */
@Timeout(60)
class StubClientTest {
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aStubSubmitsWatchesAndCancels(boolean network) throws Exception {
        try (Served served = network ? Served.onPort() : Served.inProcess()) {
            JobsGrpc.JobsBlockingStub jobs = JobsGrpc.newBlockingStub(served.channel);
            JobStatus job = jobs.submit(JobsRpcTest.request().setRequestId("r").build());
            Iterator<JobEvent> events =
                    jobs.watch(WatchRequest.newBuilder().setId(job.getId()).build());
            served.run(() -> served.desk.train(job.getId(), 1));
            assertEquals(1, events.next().getProgress().getStep().getStep());
            JobRequest named = JobRequest.newBuilder().setId(job.getId()).build();
            assertEquals(JobState.CANCELLED, jobs.cancel(named).getState());
            assertEquals(JobState.CANCELLED, events.next().getProgress().getState().getState());
            assertFalse(events.hasNext());
        }
    }
}
