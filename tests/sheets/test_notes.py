"""The lines of the lecture notes are read to what they mean."""

import pytest

from chainrule.formula import text
from tests.support.sheets import lines

PATHS = (
    "dL/dyhat_1*dyhat_1/da_21*da_21/dh_13 + dL/dyhat_2*dyhat_2/da_22*da_22/dh_13",
    "δ^2_1*dz^2_1/da^1_2*da^1_2/dz^1_2*dz^1_2/dw^1_32 + δ^2_2*dz^2_2/da^1_2*da^1_2/dz^1_2*dz^1_2/dw^1_32",
)
#: the lines of two pages of lecture notes, with numbers (l = 1, i = 3, j = 2) for letters that nothing binds
NOTES = [
    (r"$$h_1 = \text{Sigmoid}(a_1)$$", "h_1 = sigmoid(a_1)"),
    (r"$$x = [2 \ 5 \ 3 \ 3] \quad y = [1 \ 0]$$", "x = [2, 5, 3, 3]; y = [1, 0]"),
    (
        r"$$W_2 = \begin{bmatrix} 0.5 & 0.8 & 0.2 & 0.4 \\ 0.5 & 0.2 & 0.3 & -0.5 \end{bmatrix}$$",
        "W_2 = [[0.5, 0.8, 0.2, 0.4], [0.5, 0.2, 0.3, -0.5]]",
    ),
    (
        "$$\\frac{dL}{dW_{212}}$$\n\n$$= \\frac{dL}{da_1} \\cdot \\frac{da_1}{dW_{212}}$$\n\n"
        "W_{212} influences a_{21}\n\n"
        "$$= \\frac{dL}{d\\hat{y}_1} \\cdot \\frac{d\\hat{y}_1}{da_1} \\cdot \\frac{da_1}{dW_{212}}$$",
        "dL/dW_212 = dL/da_1*da_1/dW_212 = dL/dyhat_1*dyhat_1/da_1*da_1/dW_212",
    ),
    (r"$$\hat{y}_1 = \text{Softmax}(a_{21})$$", "yhat_1 = softmax(a_21)"),
    (
        r"$$\boxed{\frac{dL}{dW_{212}} = \frac{dL}{d\hat{y}_1} \cdot \frac{d\hat{y}_1}{da_1} \cdot "
        r"\frac{da_1}{dW_{212}}}$$",
        "dL/dW_212 = dL/dyhat_1*dyhat_1/da_1*da_1/dW_212",
    ),
    (r"$$\therefore L = \sum_{i=1}^2 (y_i - \hat{y}_i)^2$$", "L = (y_1 - yhat_1)^2 + (y_2 - yhat_2)^2"),
    (
        r"$$\frac{dL}{d\hat{y}_1} = \frac{d}{d\hat{y}_1} \left[(y_1 - \hat{y}_1)^2 + (y_2 - \hat{y}_1)^2 \right]$$",
        "dL/dyhat_1 = d/dyhat_1[(y_1 - yhat_1)^2 + (y_2 - yhat_1)^2]",
    ),
    (r"$$\boxed{\frac{dL}{d\hat{y}_1} = -2(y_1 - \hat{y}_1)}$$", "dL/dyhat_1 = -2*(y_1 - yhat_1)"),
    (
        r"$$\hat{y}_1 = \frac{e^{a_{21}}}{e^{a_{21}} + e^{a_{22}}} = \frac{1}{1 + e^{a_{22} - a_{21}}}$$",
        "yhat_1 = exp(a_21)/(exp(a_21) + exp(a_22)) = 1/(1 + exp(a_22 - a_21))",
    ),
    (
        r"$$\therefore \frac{d\hat{y}_1}{da_{21}} = \frac{d}{da_{21}} \left[\frac{1}{1 + e^{a_{22} - a_{21}}} "
        r"\right]$$",
        "dyhat_1/da_21 = d/da_21[1/(1 + exp(a_22 - a_21))]",
    ),
    (r"$$\boxed{\frac{d\hat{y}_1}{da_{21}} = \hat{y}_1 (1 - \hat{y}_1)}$$", "dyhat_1/da_21 = yhat_1*(1 - yhat_1)"),
    (
        r"$$a_{21} = w_{211}h_{11} + w_{212}h_{12} + w_{213}h_{13} + w_{214}h_{14}$$",
        "a_21 = W_211*h_11 + W_212*h_12 + W_213*h_13 + W_214*h_14",
    ),
    (
        r"$$h_1 = \text{Sigmoid}(a_1) = [0.95 \quad 0.80 \quad 0.89 \quad 0.91]$$",
        "h_1 = sigmoid(a_1) = [0.95, 0.80, 0.89, 0.91]",
    ),
    (r"$$a_2 = w_2 h_1 + b_2 = [1.66 \quad 0.45]$$", "a_2 = W_2*h_1 + b_2 = [1.66, 0.45]"),
    (r"$$\hat{y} = \text{Softmax}(a_2) = [0.77 \quad 0.23]$$", "yhat = softmax(a_2) = [0.77, 0.23]"),
    (
        r"$$\begin{aligned} \frac{dL}{dw_{131}} &= \frac{dL}{da_{13}} \cdot \frac{da_{13}}{dw_{131}} \\ "
        r"&= \frac{dL}{dh_{13}} \cdot \frac{dh_{13}}{da_{13}} \cdot \frac{da_{13}}{dw_{131}} \end{aligned}$$"
        "\n\n"
        r"$$= \left(\frac{dL}{da_{21}} \frac{da_{21}}{dh_{13}} + \frac{dL}{da_{22}} \frac{da_{22}}{dh_{13}} \right) "
        r"\frac{dh_{13}}{da_{13}} \cdot \frac{da_{13}}{dw_{131}}$$",
        "dL/dW_131 = dL/da_13*da_13/dW_131 = dL/dh_13*dh_13/da_13*da_13/dW_131 = "
        "(dL/da_21*da_21/dh_13 + dL/da_22*da_22/dh_13)*dh_13/da_13*da_13/dW_131",
    ),
    (
        r"$$\frac{\partial L}{\partial w_{131}} = \left(\frac{\partial L}{\partial \hat{y}_1} \cdot "
        r"\frac{\partial \hat{y}_1}{\partial a_{21}} \cdot \frac{\partial a_{21}}{\partial h_{13}} + "
        r"\frac{\partial L}{\partial \hat{y}_2} \cdot \frac{\partial \hat{y}_2}{\partial a_{22}} \cdot "
        r"\frac{\partial a_{22}}{\partial h_{13}} \right) \cdot \left(\frac{\partial h_{13}}{\partial a_{13}} \right) "
        r"\cdot \left(\frac{\partial a_{13}}{\partial w_{131}} \right)$$",
        f"dL/dW_131 = ({PATHS[0]})*dh_13/da_13*da_13/dW_131",
    ),
    (r"$$\frac{\partial L}{\partial \hat{y}_2} = -2(y - \hat{y}_2)$$", "dL/dyhat_2 = -2*(y - yhat_2)"),
    (r"$$\frac{\partial a_{21}}{\partial h_{13}} = w_{213}$$", "da_21/dh_13 = W_213"),
    (
        r"$$\frac{\partial h_{13}}{\partial a_{13}} = \frac{1}{1 + e^{-a_{13}}} = \text{sigmoid}(a_{13})$$",
        "dh_13/da_13 = 1/(1 + exp(-a_13)) = sigmoid(a_13)",
    ),
    (
        r"$$\frac{\partial L}{\partial w_{32}^1} = \sum_k \left(\frac{\partial L}{\partial z_k^{2}} \right) \cdot "
        r"\frac{\partial z_k^{2}}{\partial a_2^1} \cdot \frac{\partial a_2^1}{\partial z_2^1} \cdot "
        r"\frac{\partial z_2^1}{\partial w_{32}^1}$$",
        f"dL/dw^1_32 = {PATHS[1]}",
    ),
    (
        r"$$z_1^{2} = \sum_j w_{j1}^2 \cdot a_j^1$$",
        "z^2_1 = w^2_11*a^1_1 + w^2_21*a^1_2 + w^2_31*a^1_3 + w^2_41*a^1_4",
    ),
    (r"$$\textcircled{1} \frac{\partial z_1^{2}}{\partial a_2^1} = w_{21}^2$$", "dz^2_1/da^1_2 = w^2_21"),
    (r"$$a_2^1 = \sigma(z_2^1)$$", "a^1_2 = sigma(z^1_2)"),
    (r"$$\frac{\partial a_2^1}{\partial z_2^1} = \sigma'(z_2^1)$$", "da^1_2/dz^1_2 = sigma'(z^1_2)"),
    (r"$$\frac{\partial z_2^1}{\partial w_{32}^1} = a_3^{1-1}$$", "dz^1_2/dw^1_32 = a^0_3"),
    (
        r"$$= \sum_k \left(\delta_k^{2} \cdot w_{2k}^2 \right) \cdot \sigma'(z_2^1) \cdot a_3^{0}$$",
        "",  # it goes on with a line that is not there
    ),
    (
        r"$$\delta_2^1 = \sum_k (\delta_k^{2} \cdot w_{2k}^{2}) \odot \sigma'(z_2^1)$$",
        "δ^1_2 = (δ^2_1*w^2_21) ⊙ sigma'(z^1_2) + (δ^2_2*w^2_22) ⊙ sigma'(z^1_2)",
    ),
    (r"$$\frac{\partial L}{\partial w_{32}^1} = \delta_2^1 a_3^{0}$$", "dL/dw^1_32 = δ^1_2*a^0_3"),
    (r"$$\frac{\partial L}{\partial b_2^L} = \delta_2^L$$", "dL/db^2_2 = δ^2_2"),
    (r"$$\frac{\partial L}{\partial w^L} = a^{L-1} \cdot (\delta^L)^T$$", "dL/dw^2 = a^1*(δ^2)^T"),
    (
        r"$$\frac{\partial L}{\partial \omega^L} = \underbrace{a^{L-1}}_{\text{matrix}} "
        r"\underbrace{(\delta^L)^T}_{\text{vector}} "
        r"\quad \left. \vphantom{\frac{\partial L}{\partial \omega^L}} \right\} \text{true for both output "
        r"and hidden layer.}$$",
        "dL/dw^2 = a^1*(δ^2)^T",
    ),
    (
        r"$$\delta^L = \underbrace{(a^L - y^L)}_{\text{vector}} \odot \underbrace{\sigma'(z^L)}_{\text{vector}}$$",
        "δ^2 = (a^2 - y) ⊙ sigma'(z^2)",
    ),
    (
        r"$$\delta^1 = \left(w^{1+1} \delta^{(1+1)} \right) \odot \sigma'(z^1) "
        r"\quad \left. \vphantom{\delta^l} \right\} \text{for hidden layer}$$",
        "δ^1 = (w^2*δ^2) ⊙ sigma'(z^1)",
    ),
]


@pytest.mark.parametrize(("written", "said"), NOTES)
def test_the_lines_of_the_notes(written, said):
    found = lines(written)
    assert [line.error for line in found] == [""] * len(found)
    printed = [" = ".join(text(part.tree, line.notation) for part in line.parts) for line in found]
    assert "; ".join(printed) == said
