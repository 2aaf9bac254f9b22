package org.simreg.coordinator.grpc;

import io.grpc.stub.StreamObserver;
import java.util.concurrent.Executor;
import org.simreg.coordinator.job.scale.ScaleService;
import org.simreg.proto.GetScaleRequest;
import org.simreg.proto.ScaleGrpc;
import org.simreg.proto.ScaleStatus;
import org.simreg.proto.SetScaleRequest;

/** The gRPC service {@code Scale}: how many workers are wanted, and how many there may be. */
public final class ScaleRpc extends ScaleGrpc.ScaleImplBase {
    private final ScaleService scale;
    private final Executor coordinator;

    /**
     * @param coordinator runs tasks one after the other on the coordinator's thread
     */
    public ScaleRpc(ScaleService scale, Executor coordinator) {
        this.scale = scale;
        this.coordinator = coordinator;
    }

    @Override
    public void get(GetScaleRequest request, StreamObserver<ScaleStatus> answer) {
        Calls.give(answer, coordinator, scale::status);
    }

    @Override
    public void set(SetScaleRequest request, StreamObserver<ScaleStatus> answer) {
        Calls.give(answer, coordinator, () -> scale.set(request));
    }
}
