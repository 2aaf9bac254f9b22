package org.simreg.coordinator.node;

import org.simreg.proto.UserError;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.engine.torch.Torch;

/**
 * The device that a worker computes with, and the numeric profile by which equal ones are known.
 *
 * @param device "cpu" or "cuda:N"
 * @param profile numeric profile; equal ones give equal bits
 */
record ComputeDevice(String device, String profile) {
    /**
     * Finds the device that the settings ask for; loads libtorch.
     *
     * @throws UserError if there is no such device
     */
    static ComputeDevice on(WorkerSettings settings) {
        try (Torch torch = new Torch(settings.device(), settings.threads())) {
            String gpu = settings.device().equals("auto") ? "cuda:0" : settings.device();
            return new ComputeDevice(torch.cuda() ? gpu : "cpu", torch.profile());
        }
    }
}
