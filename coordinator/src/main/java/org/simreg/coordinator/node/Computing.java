package org.simreg.coordinator.node;

import org.simreg.worker.distill.WorkerSettings;
import org.simreg.worker.torchscript.Torch;

/**
 * The device that a worker computes with.
 *
 * @param device "cpu" or "cuda:N"
 * @param profile numeric profile; equal ones give equal bits
 */
record Computing(String device, String profile) {
    /**
     * Looks, which loads libtorch.
     *
     * @throws org.simreg.proto.UserError if there is no such device
     */
    static Computing on(WorkerSettings settings) {
        try (Torch torch = new Torch(settings.device(), settings.threads())) {
            String gpu = settings.device().equals("auto") ? "cuda:0" : settings.device();
            return new Computing(torch.cuda() ? gpu : "cpu", torch.profile());
        }
    }
}
