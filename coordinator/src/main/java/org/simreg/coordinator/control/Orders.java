package org.simreg.coordinator.control;

import java.util.List;
import java.util.Set;
import org.simreg.coordinator.job.CoordinatorSettings;
import org.simreg.proto.Acknowledged;
import org.simreg.proto.Drop;
import org.simreg.proto.Generation;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.Halt;
import org.simreg.proto.Help;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobState;
import org.simreg.proto.Order;
import org.simreg.proto.Prepare;
import org.simreg.proto.Welcome;

/** The order messages to a worker. */
final class Orders {
    private Orders() {}

    static Order welcome(CoordinatorSettings.Times times) {
        return Order.newBuilder()
                .setWelcome(
                        Welcome.newBuilder().setHeartbeatMs(times.heartbeat()).setLostAfterMs(times.lostAfter()))
                .build();
    }

    /**
     * @param teachers that a worker which only helps is to hold; empty: all, and the student
     * @param storagePatienceMs for which a read may show no progress while the job is loaded; 0: as usual
     */
    static Order prepare(JobRecord record, List<Integer> teachers, long attempt, int storagePatienceMs) {
        return Order.newBuilder()
                .setPrepare(Prepare.newBuilder()
                        .setJob(record.getId())
                        .setSettings(record.getJob())
                        .addAllTeachers(teachers)
                        .setAttempt(attempt)
                        .setStoragePatienceMs(storagePatienceMs)
                        .setJoins(record.getState() == JobState.RUNNING))
                .build();
    }

    /**
     * @param suspects images that a process of the job was decoding when it ended
     */
    static Order begin(Generation generation, Set<String> suspects) {
        return Order.newBuilder()
                .setBegin(generation.toBuilder().addAllSuspects(suspects))
                .build();
    }

    static Order halt(String job, long generation, long after, boolean checkpoint) {
        return Order.newBuilder()
                .setHalt(Halt.newBuilder()
                        .setJob(job)
                        .setGeneration(generation)
                        .setAfterStep(after)
                        .setCheckpoint(checkpoint))
                .build();
    }

    static Order help(Help help) {
        return Order.newBuilder().setHelp(help).build();
    }

    static Order acknowledged(String job, long step) {
        return Order.newBuilder()
                .setAcknowledged(Acknowledged.newBuilder().setJob(job).setStep(step))
                .build();
    }

    static Order acknowledged(String job, Measurement measured) {
        return Order.newBuilder()
                .setAcknowledged(Acknowledged.newBuilder().setJob(job).setMeasured(measured))
                .build();
    }

    static Order drop(String job, String reason, boolean leave) {
        return Order.newBuilder()
                .setDrop(Drop.newBuilder().setJob(job).setReason(reason).setLeave(leave))
                .build();
    }
}
