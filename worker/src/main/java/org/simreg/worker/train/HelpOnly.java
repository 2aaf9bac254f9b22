package org.simreg.worker.train;

import ai.djl.ndarray.NDManager;
import java.util.List;
import org.simreg.worker.engine.torch.Transfers;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.engine.torchscript.TrainableStudent;

/** The student and the inputs of steps of a job that was loaded only to help: there are none, and nobody may ask for them. */
enum HelpOnly implements LoadedJob.StudentMaker, StepInputs {
    /** The only one. */
    NONE;

    private static IllegalStateException refusal() {
        return new IllegalStateException(
                "the job was loaded to help with its teachers: there is no student of it here");
    }

    @Override
    public StudentState.Layout layout() {
        throw refusal();
    }

    @Override
    public StudentState start() {
        throw refusal();
    }

    @Override
    public TrainableStudent make(StudentState state) {
        throw refusal();
    }

    @Override
    public NDManager scope() {
        throw refusal();
    }

    @Override
    public Transfers transfers() {
        throw refusal();
    }

    @Override
    public int passes() {
        throw refusal();
    }

    @Override
    public void share(int first, int count) {
        throw refusal();
    }

    @Override
    public void prepare(long step) {
        throw refusal();
    }

    @Override
    public List<? extends MicroBatch> of(long step) {
        throw refusal();
    }

    @Override
    public void release(long step) {
        throw refusal();
    }

    @Override
    public void clear() {
        throw refusal();
    }
}
