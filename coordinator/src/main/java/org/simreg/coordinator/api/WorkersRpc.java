package org.simreg.coordinator.api;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Executor;
import org.simreg.proto.CheckpointPart;
import org.simreg.proto.CheckpointStored;
import org.simreg.proto.CheckpointWanted;
import org.simreg.proto.Order;
import org.simreg.proto.Report;
import org.simreg.proto.WorkersGrpc;

/** The service {@code Workers}: reports, orders and checkpoints, carried to and from the desk. */
public final class WorkersRpc extends WorkersGrpc.WorkersImplBase {
    private final WorkerDesk desk;
    private final Executor coordinator;
    private final Executor files;

    /**
     * @param coordinator runs tasks one after the other on the coordinator's thread, in the order
     *     in which they are given
     * @param files runs what reads and writes checkpoints; its tasks block on the disk
     */
    public WorkersRpc(WorkerDesk desk, Executor coordinator, Executor files) {
        this.desk = desk;
        this.coordinator = coordinator;
        this.files = files;
    }

    @Override
    public StreamObserver<Report> attend(StreamObserver<Order> orders) {
        return new Attendance(desk, coordinator, Answers.observed(orders));
    }

    @Override
    public StreamObserver<CheckpointPart> putCheckpoint(StreamObserver<CheckpointStored> answer) {
        return new Arrival(desk, coordinator, files, Answers.observed(answer));
    }

    @Override
    public void getCheckpoint(CheckpointWanted wanted, StreamObserver<CheckpointPart> parts) {
        ServerCallStreamObserver<CheckpointPart> call = Answers.observed(parts);
        Departure departure = new Departure(call, files);
        Answers.run(
                call,
                coordinator,
                () -> departure.begin(desk.get(wanted.getJob(), wanted.getStep())));
    }
}
