package org.simreg.coordinator.api;

import io.grpc.stub.StreamObserver;
import java.util.concurrent.Executor;
import org.simreg.proto.GetScaleRequest;
import org.simreg.proto.ScaleGrpc;
import org.simreg.proto.ScaleStatus;
import org.simreg.proto.SetScaleRequest;

/** The gRPC service {@code Scale}: how many workers are wanted, and how many there may be. */
public final class ScaleRpc extends ScaleGrpc.ScaleImplBase {
    private final ScaleDesk scale;
    private final Executor coordinator;

    /**
     * @param coordinator runs tasks one after the other on the coordinator's thread
     */
    public ScaleRpc(ScaleDesk scale, Executor coordinator) {
        this.scale = scale;
        this.coordinator = coordinator;
    }

    @Override
    public void get(GetScaleRequest request, StreamObserver<ScaleStatus> answer) {
        Answers.give(answer, coordinator, scale::status);
    }

    @Override
    public void set(SetScaleRequest request, StreamObserver<ScaleStatus> answer) {
        Answers.give(answer, coordinator, () -> scale.set(request));
    }
}
