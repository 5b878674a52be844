"""The pretended GPU refuses what a GPU refuses, sees who waits for it, and differentiates as torch does."""

import numpy as np
import pytest
import torch
from pretended import CPU, CUDA, HostReadError, OnGPU, WrongDeviceError, pretended_gpu
from torch import nn


@pytest.fixture
def gpu():
    with pretended_gpu() as machine:
        yield machine


def test_torch_sees_a_gpu_only_within(gpu):
    assert torch.cuda.is_available()
    x = torch.ones(2, 3, device="cuda")
    assert x.device == CUDA
    assert x.is_cuda
    assert isinstance(x, OnGPU)
    assert torch.zeros(2).device == CPU


def test_nothing_of_it_stays_behind():
    before = torch.Generator, torch.cuda.is_available, torch.autograd.grad
    with pretended_gpu():
        pass
    assert (torch.Generator, torch.cuda.is_available, torch.autograd.grad) == before
    assert torch.backends.cudnn.enabled
    assert not torch.__future__.get_swap_module_params_on_conversion()


def on_gpu(*shape):
    return torch.ones(shape, device="cuda")


@pytest.mark.parametrize(
    "mixed",
    [
        lambda: on_gpu(3) + torch.ones(3),
        lambda: on_gpu() + torch.ones(3),
        lambda: on_gpu(2, 2) @ torch.ones(2, 2),
        lambda: torch.cat([on_gpu(1), torch.ones(1)]),
        lambda: torch.stack([on_gpu(), torch.ones(())]),
        lambda: on_gpu(3).index_select(0, torch.zeros(1, dtype=torch.long)),
        lambda: torch.ones(3)[on_gpu(1).long()],
        lambda: torch.where(torch.ones(3) > 0, on_gpu(3), 0.0),
        lambda: nn.Linear(3, 1)(on_gpu(2, 3)),
        lambda: nn.Linear(3, 1).to("cuda")(torch.ones(2, 3)),
        lambda: on_gpu(3).add_(torch.ones(3)),
        lambda: torch.ones(3).add_(on_gpu(3)),
    ],
)
def test_two_devices_in_one_operation_are_refused(gpu, mixed):
    with pytest.raises((WrongDeviceError, RuntimeError), match=r"device|CPU"):
        mixed()


@pytest.mark.parametrize(
    "draw",
    [
        lambda there, here: torch.randn(2, generator=here, device="cuda"),
        lambda there, here: torch.randn(2, generator=there),
        lambda there, here: torch.randperm(4, generator=here, device="cuda"),
        lambda there, here: torch.bernoulli(on_gpu(2), generator=here),
        lambda there, here: torch.ones(2).normal_(generator=there),
        lambda there, here: torch.randint(3, (2,), generator=here, device="cuda"),
    ],
)
def test_a_generator_of_the_other_device_is_refused(gpu, draw):
    there, here = torch.Generator("cuda").manual_seed(0), torch.Generator()
    assert torch.randn(2, generator=there, device="cuda").device == CUDA
    with pytest.raises(WrongDeviceError, match="device type for generator"):
        draw(there, here)


def test_what_a_gpu_takes_is_taken(gpu):
    x = on_gpu(3)
    assert (x + torch.tensor(2.0)).tolist() == [3, 3, 3]
    assert x[torch.tensor([0, 2])].device == CUDA
    assert x.copy_(torch.zeros(3)) is x
    assert torch.zeros(3).copy_(x).device == CPU
    with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy"):
        x.numpy()
    with pytest.raises(TypeError):
        np.asarray(x)


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.sum().item(),
        lambda x: float(x[0]),
        lambda x: bool(x.isfinite().all()),
        lambda x: x.tolist(),
        lambda x: x.cpu(),
        lambda x: x.nonzero(),
        lambda x: x[x > 0],
        lambda x: torch.ones(3).copy_(x),
        lambda x: torch.equal(x, x),
        lambda x: x.unique(),
        lambda x: [0.0 for _ in range(2) if x[0] > 0],
    ],
)
def test_a_host_that_waits_is_seen(gpu, read):
    x = on_gpu(3)
    assert not gpu.reads
    read(x)
    assert gpu.reads
    with pytest.raises(HostReadError), gpu.no_reads():
        read(x)


def network():
    """Of convolutions, batch norm, both activations and a view, in the layout that models have."""
    torch.manual_seed(0)
    layers = [
        nn.Conv2d(3, 8, 3),
        nn.BatchNorm2d(8),
        nn.LeakyReLU(0.2),
        nn.Conv2d(8, 4, 2, stride=2),
    ]
    layers += [nn.Flatten(), nn.Tanh(), nn.Linear(36, 5)]
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)


def losses(device, second):
    """A loss, or one that holds the gradient of another."""
    model = network().to(device)
    x = torch.linspace(-1, 1, 2 * 3 * 8 * 8).view(2, 3, 8, 8).to(device).requires_grad_(True)
    loss = model(x).exp().mean()
    if second:
        (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
        loss = loss + gradient.flatten(1).norm(dim=1).square().mean()
    torch.autograd.backward([loss, model[0].weight.sum()])
    return {name: parameter.grad for name, parameter in [*model.named_parameters(), ("x", x)]}


@pytest.mark.parametrize("second", [False, True])
def test_gradients_are_those_of_torchs_engine(second):
    expected = losses("cpu", second)
    with pretended_gpu():
        found = losses("cuda", second)
        assert {gradient.device for gradient in found.values()} == {CUDA}
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name].host, gradient, msg=name)
        assert found[name].stride() == gradient.stride()


def lstm(device):
    torch.manual_seed(0)
    network = nn.LSTM(3, 4).to(device)
    hidden, (_, cell) = network(torch.linspace(-1, 1, 30).view(5, 2, 3).to(device))
    (hidden.square().sum() + cell.exp().sum()).backward()
    return [hidden.detach(), *(parameter.grad for parameter in network.parameters())]


def test_an_lstm_has_the_gradients_of_a_cpu():
    expected = lstm("cpu")
    with pretended_gpu():
        found = [value.host for value in lstm("cuda")]
    for value, reference in zip(found, expected, strict=True):
        torch.testing.assert_close(value, reference)


def test_a_gradient_on_the_wrong_device_is_refused(gpu):
    x = on_gpu(3).requires_grad_(True)
    y = (2 * x).sum()
    with pytest.raises(WrongDeviceError, match="the gradient is on cpu"):
        torch.autograd.backward([y], [torch.ones(())])
